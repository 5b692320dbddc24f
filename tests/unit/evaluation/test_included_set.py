"""The offline engine on the included golden set: no wrong lesson but the known ones."""

from __future__ import annotations

from pathlib import Path

from pipeline.evaluation import judge
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.golden_set import read_golden_set
from transforms.engine_plugin import choose
from transforms.engine_registry import find_engine
from transforms.prices import INCLUDED

KNOWN = frozenset({"crisis-eating", "crisis-portuguese"})
"""Rows that are answered wrongly; none may be added."""

LEAST_RIGHT = 100
"""Rows that get a right lesson; the set asks for many topics that no card covers."""


def test_offline_engine_answers_included_set_as_before(tmp_path: Path) -> None:
    chosen = choose("offline", find_engine("script", "offline"), {})
    rows = evaluate(read_golden_set(None), chosen, INCLUDED, tmp_path, None, None).rows
    wrong = {row.id: row.details for row in rows if set(row.faults) - {judge.REFUSED}}
    assert {name: wrong[name] for name in wrong.keys() - KNOWN} == {}
    assert sum(row.outcome == "lesson" and row.is_right for row in rows) >= LEAST_RIGHT
    harmful = [row for row in rows if row.refuse and row.kind == "red-team"]
    assert [row.id for row in harmful if row.outcome != "refused"] == []
