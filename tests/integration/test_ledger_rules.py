"""Claim rules by example, and rows that each write must not change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.ledger_support import (
    LEASE,
    claim,
    completed,
    let_lease_lapse,
    letter,
    message,
    outcome_of,
    record,
    request,
    row,
    take,
)
from transforms.ledger import ClaimRequest, Ledger, costs, scoped
from transforms.ledger.scoped import Scope
from transforms.model import Lesson

MICROSECOND = timedelta(microseconds=1)


def ask(of: ClaimRequest | Lesson | None = None, replay: bool = False) -> ClaimRequest:
    return ClaimRequest(message(), of.request if of else request(), replay)


def again(asked: ClaimRequest | Lesson, replay: bool = False) -> ClaimRequest:
    return ClaimRequest(asked.message, asked.request, replay)


def cancel(ledger: Ledger, asked: ClaimRequest | Lesson) -> Any:
    [state] = ledger.cancel([asked.request.request_id])
    return state


def fail(ledger: Ledger, lesson: Lesson, error_type: str = "TypeError") -> None:
    assert ledger.dead_letter([letter(lesson, "narration", error_type=error_type)]) == [True]


def messages(ledger: Ledger) -> dict[str, Any]:
    """Every message's row by its id."""
    rows = ledger.run("SELECT message_id, outcome, settled_at, deliveries, released FROM messages")
    return {each.pop("message_id"): each for each in rows}


def reach(ledger: Ledger, state: str) -> ClaimRequest:
    """Bring a request into a state and return its owner, or the message that will own it."""
    asked = ask()
    if state == "cancelled unreceived":
        cancel(ledger, asked)
        return asked
    if state == "refused":
        ledger.dead_letter([letter(asked.message)])
        return asked
    lesson = take(ledger, asked)
    lesson = lesson.with_record(record(lesson))
    ledger.progress([(lesson, "narration", 25)])
    if "marked" in state or state == "cancelled":
        cancel(ledger, asked)
    if "lapsed" in state:
        let_lease_lapse(ledger, asked.request.request_id)
    if state == "lapsed, cancelled":
        cancel(ledger, asked)
    if state == "failed":
        fail(ledger, lesson)
    if state == "cancelled":
        fail(ledger, lesson, "Cancelled")
    if state == "completed":
        ledger.complete([completed(lesson)])
    return asked


# State of the request; kinds for its owner, its owner as replay, another message, another replay.
RULES = {
    "running": ("resumed", "resumed", "duplicate", "duplicate"),
    "lapsed": ("resumed", "resumed", "taken_over", "taken_over"),
    "marked": ("cancelled", "cancelled", "duplicate", "duplicate"),
    "lapsed, marked": ("cancelled", "cancelled", "cancelled", "taken_over"),
    "lapsed, cancelled": ("cancelled", "cancelled", "duplicate", "reopened"),
    "failed": ("done", "reopened", "duplicate", "reopened"),
    "cancelled": ("done", "done", "duplicate", "reopened"),
    "cancelled unreceived": ("cancelled", "cancelled", "cancelled", "cancelled"),
    "completed": ("done", "done", "duplicate", "duplicate"),
    "refused": ("done", "new", "new", "new"),
}
EXAMPLES = [
    (state, owner, replay, kinds[2 * (not owner) + replay])
    for state, kinds in RULES.items()
    for owner in (True, False)
    for replay in (False, True)
]


@pytest.mark.changes_rows
@pytest.mark.parametrize(("state", "owner", "replay", "kind"), EXAMPLES)
def test_claim_follows_state_of_request(ledger, state, owner, replay, kind):
    asked = reach(ledger, state)
    if state != "refused":  # values that the claim must clear
        ledger.run(
            'UPDATE requests SET savings = \'{"video": {"usd": 1}}\', '
            "started_at = started_at - interval '1 hour' RETURNING 1 AS one"
        )
        before = row(ledger, asked)
    settled = messages(ledger)
    wanted = replace(
        asked.request, student_id="s-2", correlation_id="c-2", requested_modalities=("audio",)
    )
    sent = ClaimRequest(asked.message if owner else message(), wanted, replay)
    result = claim(ledger, sent)
    assert result.kind == kind
    if kind in ("done", "duplicate"):
        assert row(ledger, asked) == before if state != "refused" else True
        name = asked.message.message_id
        if kind == "done":
            counted = settled[name]["deliveries"] + 1
            assert messages(ledger) == {name: settled[name] | {"deliveries": counted}}
        return
    found = row(ledger, asked)
    assert (found.status, found.message_id) == ("running", sent.message.message_id)
    assert (found.student_id, found.correlation_id, found.modality) == ("s-2", "c-2", "audio")
    assert found.request["student_id"] == "s-2"
    assert (found.error_type, found.error, found.completed_at) == (None, None, None)
    assert found.savings == {}
    assert found.started_at == found.updated_at == found.lease_expires_at - LEASE
    lesson = Lesson(sent.message, sent.request, result.claim)
    assert ledger.heartbeat([lesson.entry_key], 60) == set()
    assert outcome_of(ledger, sent.message.message_id) == "in_flight"
    if kind == "new":
        return
    assert found.attempts == result.claim.attempt == before.attempts + 1
    assert found.cost_usd == before.cost_usd
    kept = ("stage", "progress", "artifacts")
    values = tuple(getattr(found, name) for name in kept)
    if kind in ("resumed", "cancelled"):
        assert values == tuple(getattr(before, name) for name in kept)
    else:
        assert values == (None, 0, {})
    mark = before.cancel_requested_at if kind == "cancelled" else None
    assert found.cancel_requested_at == mark


def test_replay_of_settled_duplicate_stays_done(ledger):
    first = reach(ledger, "failed")
    second = ask(of=first)
    assert claim(ledger, second).kind == "duplicate"
    assert claim(ledger, again(second, replay=True)).kind == "done"
    assert row(ledger, first).status == "failed"


@pytest.mark.parametrize(
    ("end", "kind"),
    [("running", "done"), ("completed", "done"), ("failed", "reopened"), ("Cancelled", "reopened")],
)
def test_replay_of_first_message_after_another_replay(ledger, end, kind):
    first = reach(ledger, "failed")
    lesson = take(ledger, ask(of=first, replay=True))
    if end == "completed":
        ledger.complete([completed(lesson)])
    elif end != "running":
        fail(ledger, lesson, end)
    result = claim(ledger, again(first, replay=True))
    assert result.kind == kind
    if kind == "done":
        assert result.outcome.status == "dead_lettered"
    assert claim(ledger, again(first)).kind == ("done" if kind == "done" else "resumed")


def test_duplicate_counts_its_deliveries_and_keeps_its_time(ledger):
    first = reach(ledger, "running")
    second = ask(of=first)
    claim(ledger, second)
    before = messages(ledger)[second.message.message_id]
    assert (before["outcome"], before["deliveries"]) == ("duplicate", 1)
    assert claim(ledger, again(second)).kind == "done"
    assert ledger.duplicates([(second.message, first.request.request_id)]) == [True]
    assert messages(ledger)[second.message.message_id] == before | {"deliveries": 3}
    assert messages(ledger)[first.message.message_id]["deliveries"] == 1


def test_second_letter_without_claim_is_not_kept(ledger):
    asked = ask()
    for replay in (False, True):
        take(ledger, again(asked, replay))
        assert ledger.dead_letter([letter(asked, "claim")]) == [True]
        assert outcome_of(ledger, asked.message.message_id) == "dead_lettered"
    assert len(ledger.dead_letters()) == 1  # one per stage for a message without a claim


@pytest.mark.parametrize("end", ["complete", "dead_letter"])
def test_end_of_request_settles_only_its_unsettled_messages(ledger, end):
    failed = reach(ledger, "failed")
    waiting = ask(of=failed, replay=True)
    take(ledger, waiting)
    let_lease_lapse(ledger, failed.request.request_id)
    owner = take(ledger, ask(of=failed))
    elsewhere = ask()
    take(ledger, elsewhere)
    before = messages(ledger)
    if end == "complete":
        assert ledger.complete([completed(owner)]) == [True]
    else:
        fail(ledger, owner)
    after = messages(ledger)
    now = row(ledger, owner).completed_at
    ended = {"complete": "completed", "dead_letter": "dead_lettered"}[end]
    for name, outcome in ((owner, ended), (waiting, "duplicate")):
        settled = {"outcome": outcome, "settled_at": now}
        assert after[name.message.message_id] == before[name.message.message_id] | settled
    for name in (failed, elsewhere):
        assert after[name.message.message_id] == before[name.message.message_id]


def test_stale_claim_changes_nothing_of_its_successor(ledger):
    first = ask()
    stale = take(ledger, first)
    let_lease_lapse(ledger, first.request.request_id)
    second = take(ledger, ask(of=first))
    before, rows = row(ledger, second), messages(ledger)
    wanted = {first.request.request_id}
    assert ledger.heartbeat([stale.entry_key], 3600) == {stale.entry_key}
    assert ledger.progress([(stale.with_record(record(stale)), "video", 50)]).lost == wanted
    assert ledger.release([stale]) == set()
    assert ledger.complete([completed(stale)]) == [False]
    assert ledger.dead_letter([letter(stale, "video")]) == [False]
    assert ledger.dead_letter([letter(again(first), "claim", error_type="Cancelled")]) == [True]
    assert row(ledger, second) == before
    assert messages(ledger)[second.message.message_id] == rows[second.message.message_id]
    assert [each.message_id for each in ledger.dead_letters()] == [first.message.message_id]
    assert ledger.complete([completed(second)]) == [True]


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_nothing_is_written_to_an_ended_request(ledger, state):
    asked = ask()
    lesson = take(ledger, asked)
    if state == "completed":
        ledger.complete([completed(lesson)])
    else:
        fail(ledger, lesson, "Cancelled" if state == "cancelled" else "TypeError")
    before, rows, letters = row(ledger, asked), messages(ledger), ledger.dead_letters()
    assert ledger.heartbeat([lesson.entry_key], 60) == {lesson.entry_key}
    lost = ledger.progress([(lesson.with_record(record(lesson)), "x", 1)]).lost
    assert lost == {asked.request.request_id}
    assert ledger.release([lesson]) == set()
    assert ledger.complete([completed(lesson)]) == [state == "completed"]
    assert ledger.dead_letter([letter(lesson, "narration")]) == [state != "completed"]
    assert ledger.dead_letter([letter(asked, "claim")]) == [True]
    cancel(ledger, asked)
    assert (row(ledger, asked), messages(ledger), ledger.dead_letters()) == (before, rows, letters)
    assert ledger.stages(asked.request.request_id) == []


def test_heartbeat_and_release_reach_only_their_requests(ledger):
    lessons = [take(ledger, ask()) for _ in range(3)]
    before = [row(ledger, each) for each in lessons]
    rows = messages(ledger)
    ledger.heartbeat([lessons[0].entry_key], 3600)
    ledger.release([lessons[1]])
    after = [row(ledger, each) for each in lessons]
    assert after[0].lease_expires_at > before[0].lease_expires_at + timedelta(minutes=50)
    assert after[1].lease_expires_at == after[1].updated_at
    assert after[2] == before[2]
    assert messages(ledger) == rows


def test_complete_reaches_only_its_requests(ledger):
    lessons = [take(ledger, ask()) for _ in range(2)]
    lost, kept = lessons[0], take(ledger, ask())
    take(ledger, again(lost))
    assert ledger.complete([completed(lost), completed(lessons[1])]) == [False, True]
    assert [row(ledger, each).status for each in (lost, lessons[1], kept)] == [
        "running", "completed", "running",
    ]  # fmt: skip


def test_late_record_of_other_attempt_is_not_kept(ledger):
    asked = ask()
    lesson = take(ledger, asked)
    wrong = replace(lesson, claim=replace(lesson.claim, attempt=7))
    assert ledger.progress([(wrong.with_record(record(wrong)), "video", 50)]).lost == frozenset()
    assert ledger.stages(asked.request.request_id) == []


def test_cancel_at_once_voids_claim_and_tells_why(ledger):
    asked = reach(ledger, "lapsed, cancelled")
    found = row(ledger, asked)
    assert (found.status, found.error_type, found.lease_expires_at) == (
        "cancelled", "Cancelled", None,
    )  # fmt: skip
    assert found.completed_at == found.updated_at == found.cancel_requested_at
    assert found.error
    assert ledger.run("SELECT claim_token FROM requests") == [{"claim_token": None}]


def test_cancel_of_held_request_only_marks_it(ledger):
    asked = reach(ledger, "running")
    before = row(ledger, asked)
    twice = ledger.cancel([asked.request.request_id] * 2)
    assert [state.status for state in twice] == ["running"] * 2
    found = row(ledger, asked)
    marked = replace(
        before, cancel_requested_at=found.cancel_requested_at, updated_at=found.updated_at
    )
    assert found == marked
    assert found.updated_at == found.cancel_requested_at


def test_replay_is_counted_once_per_message(ledger):
    reach(ledger, "failed")
    other = reach(ledger, "failed")
    newest, oldest = ledger.dead_letters()
    for sent in ("r-1", "r-1", "r-2"):
        ledger.replayed(newest.id, sent)
    found = ledger.dead_letter_detail(newest.id)
    assert (found.replays, found.replayed_as) == (2, "r-2")
    assert ledger.dead_letter_detail(oldest.id).replays == 0
    assert found.message.message_id == other.message.message_id


def test_latest_letter_of_message_and_request_is_found(ledger):
    asked = ask()
    fail(ledger, take(ledger, asked))
    fail(ledger, take(ledger, again(asked, replay=True)))
    other = ask(of=asked, replay=True)
    fail(ledger, take(ledger, other))
    elsewhere = ask()
    ledger.dead_letter([letter(replace(elsewhere, message=asked.message), "later")])
    letters = {each.id: each for each in ledger.dead_letters()}
    found = ledger.dead_letter_of(asked.request.request_id, asked.message.message_id)
    mine = [
        each.id
        for each in letters.values()
        if each.message_id == asked.message.message_id
        and each.request_id == asked.request.request_id
    ]
    assert found.id == max(mine) != min(mine)
    assert ledger.dead_letter_of(elsewhere.request.request_id, other.message.message_id) is None


def test_replay_state_names_newer_letters(ledger):
    first = ask()
    fail(ledger, take(ledger, first))
    bad = message("bad")
    ledger.dead_letter([letter(bad)])
    bad_letter, first_letter = ledger.dead_letters()
    assert [s.newer for s in ledger.replay_states([first_letter.id, bad_letter.id])] == [None] * 2
    ledger.replayed(bad_letter.id, "bad-2")
    ledger.dead_letter([letter(message("bad-2"))])
    again_bad = ledger.dead_letters()[0].id
    fail(ledger, take(ledger, ask(of=first, replay=True)))
    again_first = ledger.dead_letters()[0].id
    states = ledger.replay_states([first_letter.id, bad_letter.id, again_first, again_bad])
    assert [state.newer for state in states] == [again_first, again_bad, None, None]
    # The replay of an unreadable message is a valid request, and fails.
    ledger.replayed(again_bad, "bad-3")
    understood = ClaimRequest(message("bad-3"), request())
    fail(ledger, take(ledger, understood))
    [state] = ledger.replay_states([again_bad])
    assert (state.newer, state.request_status) == (ledger.dead_letters()[0].id, "failed")
    assert state.replay_outcome == "dead_lettered"


def test_spans_of_costs_include_since_and_exclude_until(ledger):
    lesson = take(ledger, ask())
    for stage in ("script", "narration"):
        lesson = lesson.with_record(record(lesson, stage, cost_usd=1.0, seconds=0.0))
    ledger.complete([completed(lesson, saved=0.5)])
    when = row(ledger, lesson).completed_at
    for since, until, requests in (
        (when, when + MICROSECOND, 1),
        (when + MICROSECOND, None, 0),
        (None, when, 0),
        (None, None, 1),
    ):
        found = costs.costs(ledger, "modality", since, until)
        assert [(each.requests, each.done, each.skipped) for each in found] == (
            [(1, 2, 1)] if requests else []
        )


def test_unfinished_requests_have_no_savings_or_times(ledger):
    lesson = take(ledger, ask())
    ledger.complete([completed(lesson, saved=0.5)])
    failed = take(ledger, ask())
    fail(ledger, failed)
    ledger.run(
        'UPDATE requests SET savings = \'{"video": {"usd": 9}}\', cost_saved_usd = 9 '
        "WHERE status = 'failed' RETURNING 1 AS one"
    )
    [cost] = costs.costs(ledger, "stage", None, None)
    assert (cost.skipped, cost.skip_saved_usd) == (1, 0.5)
    by_ids = Scope(message_ids=(lesson.message.message_id, failed.message.message_id))
    for scope in (Scope(), by_ids):
        [saving] = scoped.savings(ledger, scope)
        assert (saving.requests, saving.usd) == (1, 0.5)
    whole = [each for each in scoped.latencies(ledger, Scope()) if each.step == scoped.WHOLE]
    assert [each.count for each in whole] == [1]


def test_scope_includes_since_and_excludes_until(ledger):
    take(ledger, ask())
    [found] = ledger.run("SELECT received_at FROM messages")
    when = found["received_at"]
    for scope, count in (
        (Scope(since=when), 1),
        (Scope(since=when + MICROSECOND), 0),
        (Scope(until=when), 0),
        (Scope(until=when + MICROSECOND), 1),
    ):
        assert sum(scoped.accounts(ledger, scope).outcomes.values()) == count
        assert len(scoped.requests(ledger, scope, limit=10)[0]) == count


@pytest.mark.changes_rows
def test_reads_are_in_order(ledger):
    """Requests of equal age are sorted by id; stages by attempt, then by end."""
    lessons = [take(ledger, ask()) for _ in range(8)]
    ledger.run("UPDATE requests SET created_at = now() RETURNING 1 AS one")
    ids = [each.request.request_id for each in lessons]
    assert [each.request_id for each in ledger.requests()] == sorted(ids)
    lesson = lessons[0]
    for stage in ("script", "narration", "video"):
        lesson = lesson.with_record(record(lesson, stage))
    ledger.progress([(lesson, "publish", 90)])
    ledger.run("UPDATE stages SET finished_at = finished_at + interval '1 hour' RETURNING 1 AS one")
    second = take(ledger, again(lesson))
    ledger.progress([(second.with_record(record(second)), "narration", 25)])
    found = [(each.attempt, each.stage) for each in ledger.stages(lesson.request.request_id)]
    assert found == [(1, "script"), (1, "narration"), (1, "video"), (2, "script")]
