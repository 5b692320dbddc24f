"""Concurrent statements on one row wait for each other, and no update is lost.

A second connection locks the row until every call of the test waits for it, so that each call has
taken its snapshot before the row changes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.integration.ledger_support import (
    LEASE,
    claim,
    claim_all,
    completed,
    execute,
    let_lease_lapse,
    letter,
    locked,
    message,
    outcome_of,
    record,
    request,
    row,
    take,
    transaction,
    wait_until_blocked,
)
from transforms.errors import DependencyDown
from transforms.ledger import ClaimRequest, ClaimStatus, Ledger
from transforms.ledger.cancel import CANCEL
from transforms.ledger.claim_statement import RACE_TRIES
from transforms.ledger.jsontext import json_text
from transforms.model import Lesson

DATABASE_LOG = "transforms.ledger.database"

OPEN = """
INSERT INTO requests (request_id, status, message_id, claim_token, lease_expires_at, attempts,
    modality, student_id, correlation_id, request)
VALUES (CAST(:id AS uuid), 'running', 'rival', gen_random_uuid(), now() + interval '5 minutes', 1,
    'text', 's', 'c', '{}')
"""
TAKE_OVER = "UPDATE requests SET claim_token = gen_random_uuid() WHERE request_id = :id"


def ask(of=None, replay=False, message_id=None, request_id=None) -> ClaimRequest:
    wanted = of.request if of else request(request_id)
    return ClaimRequest(message(message_id), wanted, replay)


def again(asked: ClaimRequest | Lesson, replay: bool = False) -> ClaimRequest:
    return ClaimRequest(asked.message, asked.request, replay)


def in_order(count: int) -> list[ClaimRequest]:
    """Make requests, the highest id first, with the lowest message id in the middle."""
    return [
        ask(message_id=f"m-{(n + count // 2) % count}", request_id=str(UUID(int=(n << 96) + n)))
        for n in range(count, 0, -1)
    ]


@pytest.fixture(autouse=True)
def no_conflicts(caplog):
    """Fail if a statement lost a deadlock and was retried."""
    caplog.set_level(logging.INFO, DATABASE_LOG)
    yield
    records = [each for each in caplog.get_records("call") if each.name == DATABASE_LOG]
    assert [each.getMessage() for each in records] == []


@pytest.fixture
def both(ledger):
    """Run calls concurrently; each waits for the locked row before the next one starts."""

    def run(rows: tuple[Any, ...], *calls: Callable[[], Any], mode: str = "UPDATE") -> list[Any]:
        with ThreadPoolExecutor(len(calls)) as pool:
            with locked(ledger, *rows, mode=mode):
                waiting: list[Any] = []
                for call in calls:
                    waiting.append(pool.submit(call))
                    wait_until_blocked(ledger, *waiting)
            return [each.result() for each in waiting]

    return run


Batch = Callable[[Ledger, list[Lesson]], Any]

# Each statement on claimed lessons, and its result if their claims are lost.
STATEMENTS: dict[str, tuple[Batch, Any]] = {
    "heartbeat": (
        lambda ledger, held: {
            key.request_id for key in ledger.heartbeat([each.entry_key for each in held], 60)
        },
        lambda ids: ids,
    ),
    "release": (lambda ledger, held: ledger.release(held), lambda ids: set()),
    "progress": (
        lambda ledger, held: ledger.progress(
            [(each.with_record(record(each)), "video", 50) for each in held]
        ),
        lambda ids: ClaimStatus(frozenset(ids), frozenset()),
    ),
    "complete": (
        lambda ledger, held: ledger.complete([completed(each) for each in held]),
        lambda ids: [False] * len(ids),
    ),
    "dead_letter": (
        lambda ledger, held: ledger.dead_letter([letter(each, "script") for each in held]),
        lambda ids: [False] * len(ids),
    ),
}
ALL: dict[str, Batch] = {name: call for name, (call, _) in STATEMENTS.items()} | {
    "claim": lambda ledger, held: claim_all(ledger, *(again(each) for each in held)),
    "dead_letter_unclaimed": lambda ledger, held: ledger.dead_letter(
        [letter(again(each), "claim") for each in held]
    ),
    "duplicates": lambda ledger, held: ledger.duplicates(
        [(message(), each.request.request_id) for each in held]
    ),
    "close entries": lambda ledger, held: ledger.close_entries(
        [each.message.message_id for each in held]
    ),
    "cancel": lambda ledger, held: ledger.cancel([each.request.request_id for each in held]),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_claim_lost_while_statement_waits_is_lost(ledger, name):
    lesson = take(ledger, ask())
    before = row(ledger, lesson)
    call, lost = STATEMENTS[name]
    with ThreadPoolExecutor(1) as pool:
        with transaction(ledger) as other:
            execute(other, TAKE_OVER, id=lesson.request.request_id)
            waiting = pool.submit(call, ledger, [lesson])
            wait_until_blocked(ledger, waiting)
        assert waiting.result() == lost({lesson.request.request_id})
    assert row(ledger, lesson) == before
    assert outcome_of(ledger, lesson.message.message_id) == "in_flight"
    assert ledger.dead_letters() == ledger.stages(lesson.request.request_id) == []


@pytest.mark.parametrize("name", [name for name in ALL if name != "duplicates"])
def test_same_statement_twice_does_not_deadlock(ledger, both, name):
    lesson = take(ledger, ask())
    call = ALL[name]
    both((lesson,), *[lambda: call(ledger, [lesson])] * 2, mode="SHARE")


def test_duplicates_do_not_wait_for_each_other(ledger):
    lesson = take(ledger, ask())
    with locked(ledger, lesson, mode="SHARE"):
        assert ledger.duplicates([(message(), lesson.request.request_id)]) == [True]


@pytest.mark.parametrize("name", ALL)
def test_requests_are_locked_in_order_of_id(ledger, name):
    held = [take(ledger, asked) for asked in in_order(8)]
    with ThreadPoolExecutor(1) as pool, transaction(ledger) as other:
        lowest = held[-1].request.request_id
        execute(other, "SELECT 1 FROM requests WHERE request_id = :id FOR UPDATE", id=lowest)
        waiting = pool.submit(ALL[name], ledger, held)
        wait_until_blocked(ledger, waiting)
        execute(other, "SELECT 1 FROM requests FOR UPDATE NOWAIT")


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("claim", lambda ledger, held: claim_all(ledger, *(again(each) for each in held))),
        (
            "dead_letter",
            lambda ledger, held: ledger.dead_letter([letter(each.message) for each in held]),
        ),
        (
            "duplicates",
            lambda ledger, held: ledger.duplicates(
                [(each.message, each.request.request_id) for each in held]
            ),
        ),
    ],
)
def test_messages_are_locked_in_order_of_id(ledger, name, call):
    held = in_order(8)
    for each in held:
        take(ledger, each)
        if name == "duplicates":  # their requests are now owned by another message
            execute_once(ledger, "UPDATE requests SET message_id = 'another'")
    with ThreadPoolExecutor(1) as pool, transaction(ledger) as other:
        execute(other, "SELECT 1 FROM messages WHERE message_id = 'm-0' FOR UPDATE")
        waiting = pool.submit(call, ledger, held)
        wait_until_blocked(ledger, waiting)
        execute(other, "SELECT 1 FROM messages FOR UPDATE NOWAIT")


def execute_once(ledger, statement):
    with transaction(ledger) as other:
        execute(other, statement)


@pytest.mark.parametrize("name", ["claim", "cancel"])
def test_requests_are_opened_in_order_of_id(ledger, name):
    wanted = in_order(8)
    calls: dict[str, Callable[[], Any]] = {
        "claim": lambda: claim_all(ledger, *wanted),
        "cancel": lambda: ledger.cancel([each.request.request_id for each in wanted]),
    }
    with ThreadPoolExecutor(1) as pool:
        with transaction(ledger) as other:
            execute(other, OPEN, id=wanted[-1].request.request_id)
            waiting = pool.submit(calls[name])
            wait_until_blocked(ledger, waiting)
            for each in wanted[:-1]:  # waits for the call, if that has opened one of these
                execute(other, OPEN, id=each.request.request_id)
            other.rollback()
        waiting.result()


@pytest.mark.pooled
def test_concurrent_takeovers_leave_one_duplicate(ledger, both):
    first = ask()
    take(ledger, first)
    let_lease_lapse(ledger, first.request.request_id)
    rivals = [ask(of=first), ask(of=first)]
    results = both((first,), *[lambda each=each: claim(ledger, each) for each in rivals])
    assert [result.kind for result in results] == ["taken_over", "duplicate"]
    assert row(ledger, first).message_id == rivals[0].message.message_id
    assert row(ledger, first).attempts == 2
    assert outcome_of(ledger, rivals[1].message.message_id) == "duplicate"


def test_second_of_concurrent_deliveries_has_claim(ledger, both):
    asked = ask()
    take(ledger, asked)
    results = both((asked,), *[lambda: claim(ledger, again(asked))] * 2)
    found = [(result.kind, result.deliveries, result.claim.attempt) for result in results]
    assert found == [("resumed", 2, 2), ("resumed", 3, 3)]
    lessons = [Lesson(asked.message, asked.request, result.claim) for result in results]
    assert ledger.complete([completed(each) for each in lessons]) == [False, True]


def test_concurrent_replays_leave_one_duplicate(ledger, both):
    first = ask()
    ledger.dead_letter([letter(take(ledger, first), "script")])
    rivals = [ask(of=first, replay=True), ask(of=first, replay=True)]
    results = both((first,), *[lambda each=each: claim(ledger, each) for each in rivals])
    assert [result.kind for result in results] == ["reopened", "duplicate"]


def test_second_delivery_of_replay_resumes(ledger, both):
    """The second claim read the message before the first reopened it."""
    asked = ask()
    ledger.dead_letter([letter(take(ledger, asked), "script")])
    results = both((asked,), *[lambda: claim(ledger, again(asked, replay=True))] * 2)
    assert [(r.kind, r.deliveries) for r in results] == [("reopened", 2), ("resumed", 3)]
    lessons = [Lesson(asked.message, asked.request, result.claim) for result in results]
    assert ledger.complete([completed(each) for each in lessons]) == [False, True]
    assert outcome_of(ledger, asked.message.message_id) == "completed"


def test_claim_of_request_opened_meanwhile_is_duplicate(ledger):
    asked = ask()
    with ThreadPoolExecutor(1) as pool:
        with transaction(ledger) as other:
            execute(other, OPEN, id=asked.request.request_id)
            waiting = pool.submit(claim, ledger, asked)
            wait_until_blocked(ledger, waiting)
        result = waiting.result()
    assert (result.kind, result.deliveries) == ("duplicate", 1)
    assert row(ledger, asked).message_id == "rival"


def test_claim_gives_up_after_ten_lost_races(ledger):
    """A trigger plays the rivals: it rejects every row before the tenth try."""
    ledger_setup = (
        "CREATE SEQUENCE tries",
        "CREATE FUNCTION lose() RETURNS trigger AS $$ BEGIN "
        "RETURN CASE WHEN nextval('tries') < 10 THEN NULL ELSE new END; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER race BEFORE INSERT ON requests FOR EACH ROW EXECUTE FUNCTION lose()",
    )
    for statement in ledger_setup:
        execute_once(ledger, statement)
    assert claim(ledger, ask()).kind == "new"
    execute_once(ledger, "ALTER SEQUENCE tries RESTART MINVALUE -1000 START -1000")
    with pytest.raises(DependencyDown, match=f"lost {RACE_TRIES} races"):
        claim(ledger, ask())
    [tries] = ledger.run("SELECT last_value + 1001 AS number FROM tries")
    assert tries["number"] == RACE_TRIES == 10


def test_batch_of_rivals_is_decided_by_one_statement(ledger):
    execute_once(ledger, "CREATE SEQUENCE statements")
    execute_once(
        ledger,
        "CREATE FUNCTION tell() RETURNS trigger AS $$ BEGIN PERFORM nextval('statements'); "
        "RETURN NULL; END $$ LANGUAGE plpgsql",
    )
    execute_once(
        ledger,
        "CREATE TRIGGER told AFTER INSERT ON messages FOR EACH STATEMENT EXECUTE FUNCTION tell()",
    )
    first = ask()
    kinds = [r.kind for r in claim_all(ledger, first, *(ask(of=first) for _ in range(5)))]
    assert kinds == ["new"] + ["duplicate"] * 5
    assert ledger.run("SELECT last_value AS number FROM statements") == [{"number": 1}]


@pytest.mark.parametrize("end", ["completed", "dead_lettered"])
def test_redelivery_waiting_for_settlement_is_done(ledger, both, end):
    lesson = take(ledger, ask())
    ends: dict[str, Callable[[], Any]] = {
        "completed": lambda: ledger.complete([completed(lesson)]),
        "dead_lettered": lambda: ledger.dead_letter([letter(lesson, "script")]),
    }
    ended, result = both((lesson,), ends[end], lambda: claim(ledger, again(lesson)))
    assert ended == [True]
    assert (result.kind, result.outcome.status) == ("done", end)
    [settled] = ledger.run("SELECT settled_at, deliveries FROM messages")
    assert settled == {"settled_at": row(ledger, lesson).completed_at, "deliveries": 2}


def test_filtered_message_taking_over_is_not_duplicate(ledger):
    first = ask()
    take(ledger, first)
    let_lease_lapse(ledger, first.request.request_id)
    second = ask(of=first)
    with ThreadPoolExecutor(1) as pool:
        with transaction(ledger) as other:
            execute(
                other,
                "UPDATE requests SET message_id = :owner WHERE request_id = :id",
                owner=second.message.message_id,
                id=first.request.request_id,
            )
            filtered = [(second.message, second.request.request_id)]
            waiting = pool.submit(ledger.duplicates, filtered)
            wait_until_blocked(ledger, waiting)
        assert waiting.result() == [False]
    assert outcome_of(ledger, second.message.message_id) is None


def test_filtered_message_reopened_meanwhile_is_not_duplicate(ledger, both):
    asked = ask()
    ledger.dead_letter([letter(take(ledger, asked), "script")])
    result, settled = both(
        (asked,),
        lambda: claim(ledger, again(asked, replay=True)),
        lambda: ledger.duplicates([(asked.message, asked.request.request_id)]),
    )
    assert (result.kind, settled) == ("reopened", [False])
    assert outcome_of(ledger, asked.message.message_id) == "in_flight"


def test_unclaimed_letter_of_completed_request_is_dropped(ledger, both):
    lesson = take(ledger, ask())
    done, settled = both(
        (lesson,),
        lambda: ledger.complete([completed(lesson)]),
        lambda: ledger.dead_letter([letter(again(lesson), "claim")]),
    )
    assert (done, settled) == ([True], [True])
    assert row(ledger, lesson).status == "completed"
    assert outcome_of(ledger, lesson.message.message_id) == "completed"
    assert ledger.dead_letters() == []


@pytest.mark.parametrize("second", ["parse", "claim"])
def test_bad_message_at_two_workers_leaves_one_letter(ledger, second):
    bad = message("bad")
    with ThreadPoolExecutor(2) as pool:
        with transaction(ledger) as other:
            execute(
                other,
                "INSERT INTO messages (message_id, outcome, deliveries, publish_time) "
                "VALUES ('bad', 'in_flight', 1, now())",
            )
            waiting = [
                pool.submit(ledger.dead_letter, [letter(bad, stage)]) for stage in ("parse", second)
            ]
            wait_until_blocked(ledger, *waiting)
            other.rollback()
        assert [each.result() for each in waiting] == [[True], [True]]
    assert len(ledger.dead_letters()) == 1
    assert ledger.totals().dead_lettered == 1


@pytest.mark.parametrize("first", ["complete", "cancel"])
def test_first_of_cancel_and_completion_wins(ledger, both, first):
    lesson = take(ledger, ask())
    calls: dict[str, Callable[[], Any]] = {
        "complete": lambda: ledger.complete([completed(lesson)]),
        "cancel": lambda: ledger.cancel([lesson.request.request_id]),
    }
    second = next(name for name in calls if name != first)
    results = dict(zip((first, second), both((lesson,), calls[first], calls[second]), strict=True))
    [state] = results["cancel"]
    assert results["complete"] == [first == "complete"]
    assert (state.status, state.cancel_requested_at is None) == {
        "complete": ("completed", True),
        "cancel": ("running", False),
    }[first]
    assert row(ledger, lesson).status == state.status


def test_cancel_during_takeover_only_marks_request(ledger, both):
    first = ask()
    take(ledger, first)
    let_lease_lapse(ledger, first.request.request_id)
    second = ask(of=first)
    result, [state] = both(
        (first,),
        lambda: claim(ledger, second),
        lambda: ledger.cancel([first.request.request_id]),
    )
    assert (result.kind, state.status) == ("taken_over", "running")
    assert state.cancel_requested_at is not None
    lesson = Lesson(second.message, second.request, result.claim)
    assert ledger.complete([completed(lesson)]) == [False]


def test_claim_of_request_cancelled_meanwhile_is_cancelled(ledger):
    asked = ask()
    with ThreadPoolExecutor(1) as pool:
        with transaction(ledger) as other:
            execute(other, CANCEL, ids=json_text([asked.request.request_id]))
            waiting = pool.submit(claim, ledger, asked)
            wait_until_blocked(ledger, waiting)
        result = waiting.result()
    assert result.kind == "cancelled"
    assert ledger.complete([completed(Lesson(asked.message, asked.request, result.claim))]) == [
        False
    ]


def test_cancel_of_request_claimed_meanwhile_reaches_its_worker(ledger):
    asked = ask()
    with ThreadPoolExecutor(1) as pool:
        with transaction(ledger) as other:
            execute(other, OPEN, id=asked.request.request_id)
            waiting = pool.submit(ledger.cancel, [asked.request.request_id])
            wait_until_blocked(ledger, waiting)
        [state] = waiting.result()
    assert (state.status, state.received) == ("running", True)
    assert state.cancel_requested_at is not None


def test_lock_is_given_up_in_time(ledger):
    """A lock held too long is an outage, not a lost claim."""
    impatient = replace(ledger, timeout=0.5)
    lesson = take(ledger, ask())
    with locked(ledger, lesson), pytest.raises(DependencyDown, match="statement timeout"):
        impatient.claim([again(lesson)], LEASE)
    impatient.close()
    assert claim(ledger, again(lesson)).deliveries == 2
