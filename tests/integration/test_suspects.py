"""A request that kills its worker is given up; its company, scale-downs and outages are not."""

from __future__ import annotations

import logging
import os

import pytest

from tests.integration.deadly import POISON, Deadly
from tests.integration.stage_support import NO_WAIT, apply, made
from transforms.dead_letters import DEAD_LETTERS
from transforms.errors import EnvironmentFault
from transforms.process.retry import RetryPolicy
from transforms.publish import PublishResults
from transforms.stage.rate_limit import EngineLimits
from transforms.stage.run import RunStage
from transforms.stage.suspects import SUSPECT_STARTS, UNPROVEN_FACTOR
from transforms.stage.task import FINISHED, OUTCOMES, StageRuntime

MOST = 2
"""Proven deaths after which a request is given up."""


class Stage:
    """The deadly stage over a ledger and a store.

    Attributes:
        calls: File that the stage writes a line to for each call.
    """

    def __init__(self, place, folder):
        self.place = place
        self.calls = folder / "calls"
        self.calls.touch()

    def run(self, *lessons, tries=1):
        """Run the stage on one bundle of lessons; return the outputs by tag."""
        runtime = StageRuntime(
            RetryPolicy(60.0, tries, backoff=NO_WAIT),
            EngineLimits("script"),
            self.place.store,
            self.place.ledger,
            workers=4,
            max_deliveries=MOST,
        )
        tags = ("onward", FINISHED, DEAD_LETTERS, OUTCOMES)
        return apply(RunStage(Deadly(self.calls), runtime), lessons, tags)

    def called(self, question):
        """Return the process of each call for a question."""
        lines = [line.split(" ", 1) for line in self.calls.read_text().splitlines()]
        return [int(process) for process, asked in lines if asked == question]


@pytest.fixture
def stage(place, tmp_path):
    return Stage(place, tmp_path)


def started(place, times, *modalities, **fields):
    """Return a lesson whose stage was started before, by workers that never closed their entry."""
    lesson = place.lesson(*modalities, **fields)
    for _ in range(times - 1):  # the claim is the first
        place.ledger.enter([lesson], "publish")
        place.ledger.enter([lesson], "script")
    return lesson


def open_entries(place, lesson):
    [found] = place.ledger.run(
        "SELECT open_entries FROM requests WHERE request_id = :id", id=lesson.request.request_id
    )
    return list(found["open_entries"].values())


def test_proven_deaths_make_dead_letter(stage, place):
    poison = started(place, SUSPECT_STARTS, student_query=POISON)
    [dead] = stage.run(poison)[DEAD_LETTERS]
    assert (dead.stage, dead.error_type, dead.retryable) == ("script", "CrashesWorker", False)
    assert f"died {MOST} times" in dead.error
    assert len(stage.called(POISON)) == MOST
    assert os.getpid() not in stage.called(POISON)
    assert [attempt.error_type for attempt in dead.attempts] == ["ChildDied", "CrashesWorker"]


def test_company_of_poison_is_not_given_up(stage, place):
    """All were in work when the poison killed their worker, as often as it could."""
    innocents = [
        started(place, SUSPECT_STARTS, student_query=f"Explain gravity {n}") for n in range(11)
    ]
    poison = started(place, SUSPECT_STARTS, student_query=POISON)
    found = stage.run(*innocents[:6], poison, *innocents[6:])
    assert len(found["onward"]) == len(innocents)
    assert [dead.message for dead in found[DEAD_LETTERS]] == [poison.message]


@pytest.mark.parametrize(("starts", "isolated"), [(1, False), (SUSPECT_STARTS, True)])
def test_suspect_runs_in_child_process(stage, place, starts, isolated):
    lesson = started(place, starts)
    [done] = stage.run(lesson)["onward"]
    [process] = stage.called(lesson.request.student_query)
    assert (process != os.getpid()) is isolated
    assert place.store.verify(done.artifact("script.json"))
    assert set(open_entries(place, lesson)) <= {"publish"}


def test_many_unproven_starts_are_given_up(stage, place, caplog):
    lesson = started(place, UNPROVEN_FACTOR * MOST)
    [dead] = stage.run(lesson)[DEAD_LETTERS]
    assert (dead.stage, dead.error_type, dead.retryable) == ("script", "StartedTooOften", True)
    assert stage.called(lesson.request.student_query) == []
    alerts = [
        line
        for line in caplog.records
        if line.name == "transforms.stage.suspects"
        and vars(line)["request_id"] == lesson.request.request_id
    ]
    assert [line.levelno for line in alerts] == [logging.ERROR]


def test_scale_downs_do_not_give_a_request_up(stage, place):
    lesson = started(place, UNPROVEN_FACTOR * MOST - 1)
    assert len(stage.run(lesson)["onward"]) == 1


def rename(place, table, name):
    with place.ledger.connected() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")


def test_outages_of_ledger_do_not_give_a_request_up(stage, place):
    """Postgres is lost while the stage works, and is back when the runner repeats the bundle."""
    lesson = started(place, 1)

    def lose_ledger(*_):
        rename(place, "requests", "hidden")
        return made(lesson)

    for _ in range(UNPROVEN_FACTOR * MOST + 1):
        with pytest.raises(EnvironmentFault):
            place.run_stage(lose_ledger, lesson, max_deliveries=MOST, force=True)
        rename(place, "hidden", "requests")
    assert len(stage.run(lesson)["onward"]) == 1
    assert stage.called(lesson.request.student_query) == [os.getpid()]


def test_stored_result_is_reused_after_many_starts(stage, place):
    lesson = place.lesson()
    stage.run(lesson)
    for _ in range(UNPROVEN_FACTOR * MOST):
        place.ledger.enter([lesson], "script")
    place.ledger.enter([lesson], "narration")
    [done] = stage.run(lesson)["onward"]
    assert done.records[0].reused
    assert open_entries(place, lesson) == ["narration"]


def test_publishing_is_given_up_after_many_starts(place):
    lesson = place.scripted()
    for _ in range(UNPROVEN_FACTOR * MOST + 1):
        place.ledger.enter([lesson], "publish")
    step = PublishResults(place.store, place.ledger, {}, 1, max_deliveries=MOST)
    [dead] = apply(step, [lesson], (OUTCOMES, DEAD_LETTERS))[DEAD_LETTERS]
    assert (dead.stage, dead.error_type) == ("publish", "StartedTooOften")
