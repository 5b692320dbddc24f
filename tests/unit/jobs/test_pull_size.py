"""Size of a drain's next pull."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pipeline.jobs import pull_size
from pipeline.jobs.pull_size import FIRST_PAUSE, LONGEST_PAUSE, PullSize

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


def pause(size, clock):
    """Move the clock to the next single pull; return the seconds until then."""
    started = clock.now
    while size.next() == 0:
        clock.now += 0.5
    assert size.next() == 1
    return clock.now - started


def test_pause_grows_while_only_heavy_messages_are_found(clock):
    places = [1]
    size = PullSize(MOST, lambda: places[0])
    assert size.next() == 1
    places[0] = 0
    found = []
    for _ in range(6):
        size.record(1, 1)
        found.append(pause(size, clock))
    assert found == [1, 2, 4, 8, 8, 8] == [FIRST_PAUSE, 2, 4, *[LONGEST_PAUSE] * 3]


@pytest.mark.parametrize("received", [(1, 0), (0, 0)])
def test_text_or_empty_pull_shortens_the_pause(clock, received):
    size = PullSize(MOST, lambda: 0)
    for _ in range(3):
        assert size.next() == 1
        size.record(1, 1)
        pause(size, clock)
    size.record(*received)
    size.next()
    size.record(1, 1)
    assert pause(size, clock) <= 2 * FIRST_PAUSE


def test_empty_pull_is_followed_at_once(clock):
    size = PullSize(MOST, lambda: 0)
    size.record(2, 2)
    pause(size, clock)
    size.record(0, 0)
    assert size.next() == 1
