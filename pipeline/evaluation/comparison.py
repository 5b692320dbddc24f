"""Comparison of two evaluations on the rows that both have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from pipeline.evaluation import judge
from pipeline.evaluation.results import Evaluation, RowResult
from pipeline.evaluation.scores import Score, scores

GATES = (judge.SAFETY, judge.CARE, judge.TOPIC, judge.LANGUAGE)
"""Faults of which no more may be found than in the baseline."""


@dataclass(frozen=True)
class Change:
    """The rows that got a fault since the baseline, and those that lost it.

    Attributes:
        fault: Name of the fault.
        new: Rows that have it and had it not.
        gone: Rows that had it and have it not.
    """

    fault: str
    new: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def is_regression(self) -> bool:
        """Whether more rows got the fault than lost it."""
        return len(self.new) > len(self.gone)

    @property
    def p(self) -> float:
        """Probability of so uneven a change if both engines were alike (two-sided sign test)."""
        count = len(self.new) + len(self.gone)
        fewer = min(len(self.new), len(self.gone))
        return min(1.0, 2 * sum(comb(count, k) for k in range(fewer + 1)) / 2**count)


@dataclass(frozen=True)
class Comparison:
    """Scores of an evaluation and of its baseline, on the rows that both have.

    Attributes:
        baseline: Engine of the baseline.
        shared: Number of rows that both have, with the same question.
        before: Scores of the baseline on these rows.
        after: Scores of the evaluation on these rows.
        changes: What changed in each fault of `GATES`.
    """

    baseline: str
    shared: int
    before: tuple[Score, ...]
    after: tuple[Score, ...]
    changes: tuple[Change, ...]

    @property
    def is_regression(self) -> bool:
        """Whether one of the faults in `GATES` became more frequent."""
        return any(change.is_regression for change in self.changes)


def compare(evaluation: Evaluation, baseline: Evaluation) -> Comparison:
    """Compare an evaluation with a baseline, row by row."""
    known = {(row.id, row.query): row for row in baseline.rows}
    pairs = [
        (known[row.id, row.query], row) for row in evaluation.rows if (row.id, row.query) in known
    ]
    before, after = [old for old, _ in pairs], [new for _, new in pairs]
    return Comparison(
        baseline=baseline.engine,
        shared=len(pairs),
        before=tuple(scores(before)),
        after=tuple(scores(after)),
        changes=tuple(_change(fault, pairs) for fault in GATES),
    )


def _change(fault: str, pairs: Sequence[tuple[RowResult, RowResult]]) -> Change:
    return Change(
        fault,
        new=tuple(n.id for o, n in pairs if fault in n.faults and fault not in o.faults),
        gone=tuple(n.id for o, n in pairs if fault in o.faults and fault not in n.faults),
    )
