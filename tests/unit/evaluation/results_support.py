"""Factory of results for the tests of evaluations."""

from __future__ import annotations

from typing import Any

from pipeline.evaluation.results import Evaluation, RowResult


def result(name: str, *faults: str, **fields: Any) -> RowResult:
    """Return a result with the given faults; the other fields are those of a lesson."""
    known: dict[str, Any] = {"kind": "question", "outcome": "lesson", "refuse": False}
    return RowResult(id=name, faults=faults, **({"query": name} | known | fields))


def evaluation(*rows: RowResult) -> Evaluation:
    """Return an evaluation with these rows."""
    return Evaluation("offline", {"version": 1}, "digest", rows)
