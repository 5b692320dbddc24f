"""The size of runs of light messages follows the duration of full runs."""

from __future__ import annotations

import pytest

from pipeline.jobs.run_size import MAX_RUN, MIN_RUN, RunSize


@pytest.mark.parametrize(
    ("seconds", "limits"),
    [
        ([0.1, 0.1, 0.1], [MIN_RUN * 4, MIN_RUN * 16, MAX_RUN]),
        ([1.0, 2.0, 4.0], [MIN_RUN * 2, MIN_RUN * 2, MIN_RUN]),
        ([60.0, 0.1, 60.0], [MIN_RUN, MIN_RUN * 4, MIN_RUN * 2]),
    ],
)
def test_limit_follows_duration_of_last_full_run(seconds, limits):
    size = RunSize(workers=1)
    found = []
    for took in seconds:
        size.record(size.limit - 1, took / 100)  # not full, so it tells nothing
        size.record(size.limit, took)
        found.append(size.limit)
    assert found == [min(limit, MAX_RUN) for limit in limits]


@pytest.mark.parametrize("seconds", [60.0, 0.1])
def test_more_workers_than_largest_run_share_one(seconds):
    size = RunSize(workers=MAX_RUN + 50)
    size.record(size.limit, seconds)
    assert size.limit == MAX_RUN + 50
