"""Tests of `waterfall`: bars in proportion to time."""

from __future__ import annotations

import pytest

from pipeline.report.waterfall import MIN_BAR_WIDTH, bars, latest, span
from tests.reports import request, stage

ROW = request().row


def test_bars_follow_one_another():
    script, narration, video = bars(
        [stage(ROW, "script", 1, 2), stage(ROW, "narration", 2, 5), stage(ROW, "video", 5, 11)]
    )
    assert (script.start, script.width) == (0, 10)
    assert (narration.start, narration.width) == (10, 30)
    assert (video.start, video.width) == (40, 60)


def test_longer_scale_makes_bars_shorter():
    [bar] = bars([stage(ROW, "script", 0, 2)], scale_seconds=20)
    assert bar.width == 10


def test_short_stage_has_minimum_width_inside_chart():
    _, last = bars([stage(ROW, "script", 0, 1000), stage(ROW, "narration", 1000, 1000.001)])
    assert last.width == MIN_BAR_WIDTH
    assert last.start + last.width == pytest.approx(100)


@pytest.mark.parametrize("end", [0.0, 0.5])
def test_bars_accept_instant_and_missing_stages(end):
    assert bars([]) == []
    assert span([]) == 0
    assert len(bars([stage(ROW, "script", 0, end)])) == 1


def test_latest_returns_stages_of_last_attempt():
    first, second = stage(ROW, "script", 0, 1), stage(ROW, "script", 90, 91, attempt=2)
    assert latest([first, second]) == [second]
