"""The place of each stage in the time a request took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from transforms.ledger import StageRow

NARROWEST = 0.6
"""Percent of the width; what takes less is drawn as wide as this, so that it can be seen."""


@dataclass(frozen=True)
class Bar:
    """One stage.

    Attributes:
        start: percent of the whole width, from the left.
        width: percent of the whole width.
    """

    stage: StageRow
    start: float
    width: float


def bars(stages: Sequence[StageRow], whole: float = 0.0) -> list[Bar]:
    """The bars of a request's stages, from when the first of them began.

    Args:
        stages: in the order they ended.
        whole: seconds that the whole width stands for; what the stages take, if that is more.
    """
    if not stages:
        return []
    begin = min(stage.started_at for stage in stages)
    whole = max(whole, span(stages)) or 1.0
    return [_bar(stage, begin, whole) for stage in stages]


def span(stages: Sequence[StageRow]) -> float:
    """Seconds from the beginning of the first stage to the end of the last."""
    if not stages:
        return 0.0
    begin = min(stage.started_at for stage in stages)
    return (max(stage.finished_at for stage in stages) - begin).total_seconds()


def latest(stages: Sequence[StageRow]) -> list[StageRow]:
    """The stages of the last attempt that got through any."""
    attempt = max((stage.attempt for stage in stages), default=0)
    return [stage for stage in stages if stage.attempt == attempt]


def _bar(stage: StageRow, begin: datetime, whole: float) -> Bar:
    start = (stage.started_at - begin).total_seconds() / whole * 100
    width = (stage.finished_at - stage.started_at).total_seconds() / whole * 100
    width = max(width, NARROWEST)
    return Bar(stage, round(min(start, 100 - width), 2), round(width, 2))
