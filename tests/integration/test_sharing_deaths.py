"""Workers that are killed while they make, store or copy shared results lose and halve nothing."""

from __future__ import annotations

import os
import signal

import pytest

from tests import fork_server
from tests.integration.sharing_worker import DEATHS, main, work
from tests.integration.stage_support import PATIENCE
from transforms.artifacts.shared import SharedResults
from transforms.model import encode


@pytest.mark.parametrize("death", DEATHS)
def test_killed_worker_leaves_no_half_result(place, tmp_path, death):
    called = tmp_path / "called"
    called.touch()
    lessons = [place.lesson() for _ in range(2 if death == "waiting" else 1)]
    if death == "copying":
        work(place, called, place.lesson())
    worker = fork_server.start(
        main,
        place.ledger.url,
        str(place.root),
        str(called),
        death,
        *(encode(lesson).decode() for lesson in lessons),
        stderr=(tmp_path / "log").open("w"),
        environment=dict(os.environ),
    )
    assert worker.wait(3 * PATIENCE) == -signal.SIGKILL, (tmp_path / "log").read_text()
    done = []
    for lesson in [*(place.take_over(each) for each in lessons), place.lesson()]:
        done += work(place, called, lesson)["onward"]
    assert len(done) == len(lessons) + 1
    for lesson in done:
        assert all(map(place.store.verify, lesson.records[0].artifacts))
        assert len(lesson.records[0].artifacts) == 2
    calls, kills = called.read_text().count("called"), 1
    assert calls <= 1 + kills
    assert len(list(SharedResults(place.store).records())) == 1
