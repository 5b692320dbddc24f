"""Waits between tries double up to a cap, with full jitter."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clock import HighestDraw
from transforms.process import backoff
from transforms.process.backoff import Backoff


@pytest.mark.parametrize(
    ("waits", "bounds"),
    [
        (Backoff(first=1, longest=30), [1, 2, 4, 8, 16, 30, 30, 30]),
        (Backoff(first=0.5, longest=1.5), [0.5, 1, 1.5, 1.5]),
        (Backoff(first=0, longest=30), [0, 0, 0]),
        (Backoff(first=60, longest=10), [10, 10]),
    ],
)
def test_bound_doubles_up_to_cap(monkeypatch, waits, bounds):
    monkeypatch.setattr(backoff, "random", HighestDraw)
    assert [waits.delay(failures) for failures in range(1, len(bounds) + 1)] == bounds


def test_jitter_covers_whole_range_evenly(monkeypatch):
    monkeypatch.setattr(backoff, "random", random.Random(16))
    delays = [Backoff(first=1, longest=30).delay(4) for _ in range(2000)]
    quarters = [sum(low <= delay < low + 2 for delay in delays) for low in (0, 2, 4, 6)]
    assert sum(quarters) == 2000  # between 0 and 8 seconds
    assert min(quarters) > 400


@given(st.integers(1, 100_000))
def test_any_number_of_failures_stays_below_cap(failures):
    assert 0 <= Backoff(first=0.5, longest=10).delay(failures) <= 10
