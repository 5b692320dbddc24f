"""The promises hold in a short fault campaign; `make test-faults` runs a long one.

Each run prints its random seed: `python -m tests.faults --seed N` repeats a failed run.
"""

from __future__ import annotations

import random
import secrets

import pytest

from tests.faults.campaign import Campaign
from tests.faults.inject import POINTS
from tests.faults.outages import opened

KILLS = 8


@pytest.mark.timeout(900)
@pytest.mark.parametrize("store", ["local", pytest.param("cloud", marks=pytest.mark.nightly)])
def test_promises_hold_under_injected_faults(store, tmp_path_factory):
    seed = secrets.randbits(32)
    chance = random.Random(seed)
    print(f"seed {seed}")
    points = sorted(point for point, kind in POINTS.items() if kind not in ("audio", "video"))
    points = chance.sample(points, KILLS // 2)
    folder = tmp_path_factory.mktemp("f")  # workers have sockets there, whose paths are limited
    logs = folder / "logs"
    logs.mkdir()
    with opened(folder, store == "cloud", chance) as (place, faults):
        report = Campaign(place, faults, logs, chance, points, print).run(30, KILLS)
    assert report.problems == []
    assert sum(report.kills.values()) >= KILLS
