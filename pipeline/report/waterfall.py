"""Waterfall charts: position of each stage in the duration of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from transforms.ledger import StageRow

MIN_BAR_WIDTH = 0.6
"""Percent of the width; shorter stages are drawn this wide so that they are visible."""


@dataclass(frozen=True)
class Bar:
    """Bar of one stage in the waterfall chart of a request.

    Attributes:
        stage: the stage in the ledger.
        start: percent of the full width, from the left.
        width: percent of the full width.
    """

    stage: StageRow
    start: float
    width: float


def bars(stages: Sequence[StageRow], scale_seconds: float = 0.0) -> list[Bar]:
    """Return the bars of a request's stages, starting with the first stage.

    Args:
        stages: in the order they ended.
        scale_seconds: seconds of the full width; longer if the stages take longer.
    """
    if not stages:
        return []
    begin = min(stage.started_at for stage in stages)
    scale_seconds = max(scale_seconds, span(stages)) or 1.0
    return [_bar(stage, begin, scale_seconds) for stage in stages]


def span(stages: Sequence[StageRow]) -> float:
    """Return the seconds from the start of the first stage to the end of the last."""
    if not stages:
        return 0.0
    begin = min(stage.started_at for stage in stages)
    return (max(stage.finished_at for stage in stages) - begin).total_seconds()


def latest(stages: Sequence[StageRow]) -> list[StageRow]:
    """Return the stages of the latest attempt that finished a stage."""
    attempt = max((stage.attempt for stage in stages), default=0)
    return [stage for stage in stages if stage.attempt == attempt]


def _bar(stage: StageRow, begin: datetime, scale_seconds: float) -> Bar:
    start = (stage.started_at - begin).total_seconds() / scale_seconds * 100
    width = (stage.finished_at - stage.started_at).total_seconds() / scale_seconds * 100
    width = max(width, MIN_BAR_WIDTH)
    return Bar(stage, round(min(start, 100 - width), 2), round(width, 2))
