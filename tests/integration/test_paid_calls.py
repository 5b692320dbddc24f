"""Paid calls are sent once and recorded, also when their worker is killed or loses the claim."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from tests.integration.ledger_support import SCRIPT, let_hour_pass, record, row
from tests.integration.paying import CHARACTERS, SKU, USD, WORDS, Speaking, run
from tests.integration.stage_support import wait_for
from transforms.artifacts.parts import Parts
from transforms.dead_letters import DEAD_LETTERS
from transforms.errors import DependencyDown, PermanentError
from transforms.ledger import Ledger, database
from transforms.ledger.calls import REPEATED
from transforms.model import Usage, encode
from transforms.prices import price
from transforms.process.retry import RetryPolicy
from transforms.stage import budget
from transforms.stage.budget import Budget, budget_meter
from transforms.stage.canary import STUDENT
from transforms.stage.rate_limit import EngineLimits
from transforms.stage.run import _RunStage
from transforms.stage.suspects import SUSPECT_STARTS
from transforms.stage.task import StageRuntime

WORKER = "import sys; from tests.integration.paying import main; main(*sys.argv[1:])"
HOUR = timedelta(hours=1)
MACHINE_USD = price([Usage("cpu-seconds", 1.0)])


@pytest.fixture
def lesson(place):
    """A lesson that waits for its narration."""
    lesson = place.lesson("audio")
    lesson = lesson.with_record(record(lesson, cost_usd=0.0))
    place.store.put(lesson.request.request_id, "script.json", encode(SCRIPT), "application/json")
    place.ledger.progress([(lesson, "narration", 25)])
    return lesson


def billed(place):
    """Return the calls that the service has billed, in order."""
    file = place.root.with_name("billed")
    return file.read_text().split() if file.exists() else []


def calls_of(place, lesson):
    return place.ledger.calls(lesson.request.request_id)


def parts(place, lesson):
    """Return the number of stored answers."""
    folder = place.root / "parts" / lesson.request.request_id
    return len(list(folder.iterdir())) if folder.exists() else 0


def kill_at(place, lesson, word):
    """Run the stage in a process that is killed when the service has billed a word."""
    command = [sys.executable, "-c", WORKER, place.ledger.url, str(place.root)]
    done = subprocess.run([*command, encode(lesson).decode(), word], timeout=120)
    assert done.returncode == -9


def test_finished_stage_costs_its_calls_and_the_machine(place, lesson):
    [done] = run(place, lesson)["finished"]
    [_, made] = done.records
    assert {used.sku: used.quantity for used in made.usage} == {
        "cpu-seconds": 1.0,
        SKU: CHARACTERS * len(WORDS),
    }
    usd = USD * len(WORDS) + MACHINE_USD
    assert (made.cost_usd, made.calls_usd) == pytest.approx((usd, USD * len(WORDS)))
    place.publish(done)
    assert row(place.ledger, lesson).cost_usd == pytest.approx(usd)
    assert place.ledger.spent(HOUR) == pytest.approx(usd)
    found = calls_of(place, lesson)
    assert [call.outcome for call in found] == ["answered"] * len(WORDS)
    assert {call.model for call in found} == {"chirp-1"}


def test_stored_answers_are_deleted_with_completion(place, lesson):
    [done] = run(place, lesson)["finished"]
    assert parts(place, lesson) == len(WORDS)
    place.publish(done)
    assert parts(place, lesson) == 0


def test_killed_worker_repeats_only_the_call_in_flight(place, lesson):
    kill_at(place, lesson, "three")
    assert place.ledger.spent(HOUR) == pytest.approx(3 * USD)  # the last with what was expected
    [done] = run(place, lesson)["finished"]
    assert billed(place) == ["one", "two", "three", "three", "four", "five"]
    found = calls_of(place, lesson)
    assert [call.reason for call in found] == ["", "", "", REPEATED, "", ""]
    assert [call.outcome for call in found].count("open") == 1
    assert place.ledger.spent(HOUR) == pytest.approx(6 * USD)
    assert done.records[1].calls_usd == pytest.approx(5 * USD)


def test_takeover_uses_stored_answers(place, lesson):
    kill_at(place, lesson, "four")
    successor = place.take_over(lesson).with_record(lesson.records[0])
    [done] = run(place, successor)["finished"]
    assert billed(place) == ["one", "two", "three", "four", "four", "five"]
    place.publish(done)
    usd = 6 * USD + MACHINE_USD
    assert row(place.ledger, lesson).cost_usd == pytest.approx(usd)
    assert sum(each.cost_usd for each in place.ledger.costs("stage")) == pytest.approx(usd)


def test_outage_keeps_stored_answers(place, lesson):
    def go_down(word):
        if word == "four":
            raise DependencyDown("speech", "away")

    with pytest.raises(DependencyDown):
        run(place, lesson, meanwhile=go_down)
    run(place, lesson)
    assert billed(place) == ["one", "two", "three", "four", "four", "five"]


def test_fenced_worker_stops_before_its_next_call(place, lesson):
    """Its call in flight is recorded, and the answer that was stored first is used."""

    def take_over(word):
        if word == "two":
            successor = place.take_over(lesson).with_record(lesson.records[0])
            [done] = run(place, successor)["finished"]
            place.publish(done)

    found = run(place, lesson, meanwhile=take_over)
    assert [outcome.status for outcome in found["outcomes"]] == ["superseded"]
    assert billed(place) == ["one", "two", "two", "three", "four", "five"]
    assert [call.outcome for call in calls_of(place, lesson)] == ["answered"] * 6
    assert row(place.ledger, lesson).cost_usd == pytest.approx(6 * USD + MACHINE_USD)
    assert row(place.ledger, lesson).status == "completed"


def test_cancelled_request_makes_no_more_calls(place, lesson):
    found = run(place, lesson, meanwhile=lambda word: place.cancel(lesson))
    assert [dead.error_type for dead in found[DEAD_LETTERS]] == ["Cancelled"]
    assert billed(place) == ["one"]


def test_failed_stage_costs_its_calls(place, lesson):
    [dead] = run(place, lesson, fails_after="two")[DEAD_LETTERS]
    assert (dead.spent.stage, dead.spent.engine) == ("narration", "google")
    assert dead.spent.usd == pytest.approx(2 * USD)
    place.ledger.dead_letter([dead])
    assert row(place.ledger, lesson).cost_usd == pytest.approx(2 * USD)
    [costs] = [each for each in place.ledger.costs("engine") if each.key == "google"]
    assert (costs.done, costs.cost_usd) == (0, pytest.approx(2 * USD))


def test_failure_for_good_deletes_stored_answers(place, lesson):
    """Otherwise a replay would fail on the same answers."""
    run(place, lesson, fails_after="two")
    assert parts(place, lesson) == 0


@pytest.mark.changes_rows
def test_hourly_budget_stops_failing_requests(place, lesson, monkeypatch):
    monkeypatch.setattr(budget, "MAX_AGE", 0.0)  # read for each call
    limit = Budget(place.ledger, per_hour=1.5 * USD)
    run(place, lesson, fails_after="one", budget=limit)
    results = []
    working = threading.Thread(
        target=lambda: results.append(run(place, lesson, fails_after="two", budget=limit)),
        daemon=True,
    )
    working.start()
    wait_for(lambda: budget_meter(place.ledger).waiting == 1)
    assert billed(place) == ["one", "one"]  # between two calls of the second run
    let_hour_pass(place.ledger)
    working.join(60)
    assert billed(place) == ["one", "one", "two"]


def test_suspect_makes_its_calls_in_a_child(place, lesson):
    for _ in range(SUSPECT_STARTS):
        place.ledger.enter([lesson], "narration")
    [done] = run(place, lesson)["finished"]
    assert done.records[1].calls_usd == pytest.approx(5 * USD)
    assert [call.outcome for call in calls_of(place, lesson)] == ["answered"] * 5


def test_suspect_loses_its_claim_in_a_child(place, lesson, monkeypatch):
    for _ in range(SUSPECT_STARTS):
        place.ledger.enter([lesson], "narration")
    enter = Ledger.enter

    def lose(ledger, lessons, stage):
        answers = enter(ledger, lessons, stage)
        enter(ledger, lessons, stage)  # another worker has the same element
        return answers

    monkeypatch.setattr(Ledger, "enter", lose)
    found = run(place, lesson)
    assert [outcome.status for outcome in found["outcomes"]] == ["superseded"]
    assert billed(place) == []


def test_failed_canary_costs_its_calls(place, tmp_path):
    runtime = StageRuntime(
        RetryPolicy(60.0, 1), EngineLimits("narration"), place.store, place.ledger, workers=1
    )
    stage = _RunStage(Speaking(tmp_path / "billed", fails_after="two"), runtime)
    with pytest.raises(PermanentError):
        stage._run_canary()
    [canary] = place.ledger.requests()
    assert (canary.student_id, canary.status) == (STUDENT, "failed")
    assert canary.cost_usd == pytest.approx(2 * USD)
    assert place.ledger.spent(HOUR) == pytest.approx(2 * USD)
    assert not place.root.exists()


def test_calls_take_one_statement_each_and_one_more(place, lesson, monkeypatch):
    statements = []
    execute = database._execute

    def counted(connection, statement, parameters):
        statements.append(statement)
        return execute(connection, statement, parameters)

    monkeypatch.setattr(database, "_execute", counted)
    run(place, lesson)
    recorded = [text for text in statements if "INSERT INTO calls" in text]
    assert len(recorded) == len(WORDS) + 1
    assert len(statements) == len(recorded) + 1  # the entry


def test_old_parts_are_swept(place, lesson):
    run(place, lesson, fails_after="two", meanwhile=lambda word: None)
    run(place, lesson)
    assert Parts(place.store).sweep() == 0
    assert Parts(place.store).sweep(timedelta()) == len(WORDS)
    assert place.store.list(lesson.request.request_id)
