"""Size of a drain's next pull."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pipeline.jobs import pull_size
from pipeline.jobs.pull_size import PROBE_EVERY, PullSize

MOST = 10


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(pull_size, "time", clock)
    return clock


@pytest.mark.parametrize(
    ("pulls", "places", "expected"),
    [
        ([], 2, 2),
        ([], 50, MOST),
        ([(2, 2)], 1, 1),
        ([(2, 1)], 2, 2),
        ([(2, 2)], 0, 0),
        ([(2, 2)], -3, 0),
        ([(2, 0)], 0, MOST),
        ([(2, 0), (MOST, 1)], 1, 1),
        ([(2, 0), (0, 0)], 0, MOST),
        ([(2, 2), (0, 0)], 0, 0),
        ([(2, 2), (1, 0)], 0, MOST),
    ],
)
def test_size_follows_last_pull_and_free_places(clock, pulls, places, expected):
    size = PullSize(MOST, lambda: places)
    for messages, heavy in pulls:
        size.record(messages, heavy)
    assert size.next() == expected


def test_single_message_is_asked_for_at_intervals(clock):
    size = PullSize(MOST, lambda: 0)
    for received in (0, 1):
        size.record(2, 2)
        clock.now += PROBE_EVERY - 0.01
        assert size.next() == 0
        clock.now += 0.01
        assert size.next() == 1
        size.record(received, received)
    assert size.next() == 0
