"""Bars stand where the time went."""

from __future__ import annotations

import pytest

from pipeline.report.waterfall import NARROWEST, bars, latest, span
from tests.reports import request, stage

ROW = request().row


def test_bars_follow_one_another():
    script, narration, video = bars(
        [stage(ROW, "script", 1, 2), stage(ROW, "narration", 2, 5), stage(ROW, "video", 5, 11)]
    )
    assert (script.start, script.width) == (0, 10)
    assert (narration.start, narration.width) == (10, 30)
    assert (video.start, video.width) == (40, 60)


def test_a_wider_scale_makes_bars_shorter():
    [bar] = bars([stage(ROW, "script", 0, 2)], whole=20)
    assert bar.width == 10


def test_nothing_is_too_narrow_to_see_or_sticks_out():
    _, last = bars([stage(ROW, "script", 0, 1000), stage(ROW, "narration", 1000, 1000.001)])
    assert last.width == NARROWEST
    assert last.start + last.width == pytest.approx(100)


@pytest.mark.parametrize("end", [0.0, 0.5])
def test_instant_and_missing_stages_are_no_trouble(end):
    assert bars([]) == []
    assert span([]) == 0
    assert len(bars([stage(ROW, "script", 0, end)])) == 1


def test_only_the_last_attempt_is_drawn_in_the_list():
    first, second = stage(ROW, "script", 0, 1), stage(ROW, "script", 90, 91, attempt=2)
    assert latest([first, second]) == [second]
