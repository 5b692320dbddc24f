"""A student's requests and expected cost are limited across workers, by the claim."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.integration.ledger_support import (
    LEASE,
    completed,
    execute,
    let_lease_lapse,
    letter,
    message,
    outcome_of,
    request,
    take,
    transaction,
    wait_until_blocked,
)
from transforms.errors import OverQuota
from transforms.ledger import ClaimRequest, StudentQuota, student_quota
from transforms.model import Lesson, Modality

COSTS: dict[Modality, float] = {"text": 0.01, "audio": 0.06, "video": 0.08}
NOW = "2026-11-24 08:30+00"
NEXT_HOUR = datetime(2026, 11, 24, 9, tzinfo=UTC)
NEXT_DAY = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _within_one_hour(monkeypatch):
    """Fix the hour in which a test claims."""
    monkeypatch.setattr(
        student_quota, "OPEN", student_quota.OPEN.replace("now()", f"timestamptz '{NOW}'")
    )


def quota(per_hour=None, per_day=None) -> StudentQuota:
    return StudentQuota(per_hour, per_day, COSTS)


def ask(student="ann", modality="text", of=None, replay=False) -> ClaimRequest:
    wanted = request(
        of.request.request_id if of else None, student_id=student, requested_modalities=(modality,)
    )
    return ClaimRequest(message(), wanted, replay)


def kinds(ledger, limits, *asked):
    return [result.kind for result in ledger.claim(asked, LEASE, limits)]


def usage(ledger, student="ann"):
    """Return the counts of all hours of a student."""
    [row] = ledger.run(
        "SELECT coalesce(sum(requests), 0) AS requests, "
        "coalesce(sum(expected_usd), 0) AS expected_usd FROM student_usage WHERE student_id = :id",
        id=student,
    )
    return int(row["requests"]), float(row["expected_usd"])


@pytest.mark.pooled
def test_requests_beyond_the_hour_are_refused_and_not_counted(ledger):
    limits = quota(per_hour=2)
    assert kinds(ledger, limits, ask()) == ["new"]
    assert kinds(ledger, limits, ask(), ask("bob"), ask(), ask("bob")) == [
        "new", "new", "refused", "new",
    ]  # fmt: skip
    refused = ask()
    [result] = ledger.claim([refused], LEASE, limits)
    assert (result.kind, result.claim, result.outcome) == ("refused", None, None)
    assert result.again_at == NEXT_HOUR
    assert usage(ledger) == usage(ledger, "bob") == (2, 0.02)
    assert ledger.requests(refused.request.request_id) == []
    assert outcome_of(ledger, refused.message.message_id) is None


def test_cost_beyond_the_day_is_refused_until_tomorrow(ledger):
    limits = quota(per_day=0.1)
    assert kinds(ledger, limits, ask(modality="video"), ask()) == ["new", "new"]
    [result] = ledger.claim([ask(modality="audio")], LEASE, limits)
    assert (result.kind, result.again_at) == ("refused", NEXT_DAY)
    assert kinds(ledger, limits, ask()) == ["new"]  # the refused one has taken nothing
    assert usage(ledger) == (3, pytest.approx(0.1))


def test_cheapest_of_a_batch_come_first(ledger):
    batch = [ask(modality="video"), ask(modality="audio"), ask(), ask()]
    assert kinds(ledger, quota(per_day=0.09), *batch) == ["refused", "new", "new", "new"]


def test_earlier_hours_count_for_the_day_only(ledger):
    ledger.run(
        "INSERT INTO student_usage VALUES ('ann', '2026-11-24 00:00+00', 9, 0.05), "
        "('ann', '2026-11-23 23:00+00', 9, 9) RETURNING 1"
    )
    assert kinds(ledger, quota(per_hour=1), ask()) == ["new"]
    assert kinds(ledger, quota(per_day=0.07), ask(modality="video")) == ["refused"]
    assert kinds(ledger, quota(per_day=0.07), ask()) == ["new"]


def test_resumed_and_taken_over_requests_are_not_counted(ledger):
    limits = quota(per_hour=1)
    first = ask()
    assert kinds(ledger, limits, first) == ["new"]
    assert kinds(ledger, limits, first) == ["resumed"]
    let_lease_lapse(ledger, first.request.request_id)
    assert kinds(ledger, limits, ask(of=first)) == ["taken_over"]
    assert kinds(ledger, limits, ask(of=first)) == ["duplicate"]
    assert usage(ledger) == (1, 0.01)


def test_reopened_request_is_counted_for_its_cost_only(ledger):
    limits = quota(per_hour=1, per_day=0.02)
    first = ask()
    for kind in ("new", "reopened"):
        asked = first if kind == "new" else ask(of=first, replay=True)
        [result] = ledger.claim([asked], LEASE, limits)
        assert result.kind == kind
        lesson = Lesson(asked.message, asked.request, result.claim)
        ledger.dead_letter([letter(lesson, "script")])
    assert usage(ledger) == (1, 0.02)
    replay = ask(of=first, replay=True)
    assert kinds(ledger, limits, replay) == ["refused"]
    [settled] = ledger.dead_letter([letter(replay, "claim", error_type="OverQuota")])
    assert settled
    assert ledger.request_counts() == {"failed": 1}
    assert usage(ledger) == (1, 0.02)


def test_rivals_of_a_refused_request_are_refused_with_it(ledger):
    first = ask()
    limits = quota(per_day=0.001)
    assert kinds(ledger, limits, first, *(ask(of=first) for _ in range(15))) == ["refused"] * 16


def test_quota_follows_the_student_and_not_the_request(ledger):
    limits = quota(per_hour=1)
    first = ask()
    assert kinds(ledger, limits, first) == ["new"]
    assert kinds(ledger, limits, ask("bob", of=first)) == ["duplicate"]
    assert usage(ledger, "bob") == (0, 0)


@pytest.mark.pooled
def test_two_claimers_at_once_stay_within_the_limit(ledger):
    limits = quota(per_hour=3)
    with ThreadPoolExecutor(2) as pool:
        with transaction(ledger) as other:
            assert kinds(ledger, limits, ask()) == ["new"]
            execute(other, "SELECT 1 FROM student_usage FOR UPDATE")
            waiting = [pool.submit(kinds, ledger, limits, ask(), ask()) for _ in range(2)]
            wait_until_blocked(ledger, *waiting)
        found = [each.result() for each in waiting]
    assert sorted(kind for batch in found for kind in batch) == ["new", "new", "refused", "refused"]
    assert usage(ledger) == (3, 0.03)


def test_counters_are_locked_before_requests(ledger):
    """A claim that waits for a counter holds no request, so two claims cannot deadlock."""
    known = ask("bob")
    take(ledger, known)
    limits = quota(per_hour=3)
    assert kinds(ledger, limits, ask()) == ["new"]
    with ThreadPoolExecutor(1) as pool, transaction(ledger) as other:
        execute(other, "SELECT 1 FROM student_usage WHERE student_id = 'ann' FOR UPDATE")
        waiting = pool.submit(kinds, ledger, limits, known, ask())
        wait_until_blocked(ledger, waiting)
        execute(other, "SELECT 1 FROM requests FOR UPDATE NOWAIT")
        other.commit()
        assert waiting.result() == ["resumed", "new"]


def test_counters_are_locked_in_order_of_student(ledger):
    students = [f"s-{n}" for n in range(6)]
    limits = quota(per_hour=9)
    kinds(ledger, limits, *map(ask, students))
    with ThreadPoolExecutor(1) as pool, transaction(ledger) as other:
        execute(other, "SELECT 1 FROM student_usage WHERE student_id = 's-0' FOR UPDATE")
        waiting = pool.submit(kinds, ledger, limits, *map(ask, reversed(students)))
        wait_until_blocked(ledger, waiting)
        execute(other, "SELECT 1 FROM student_usage FOR UPDATE NOWAIT")
        other.commit()
        assert waiting.result() == ["new"] * 6


def test_lost_race_is_not_counted(ledger):
    """Another worker opens the request between the claim's snapshot and its write."""
    asked = ask()
    limits = quota(per_hour=3)
    with ThreadPoolExecutor(1) as pool:
        with transaction(ledger) as other:
            execute(
                other,
                "INSERT INTO requests (request_id, status, message_id, claim_token, attempts, "
                "lease_expires_at, modality, student_id, correlation_id, request) VALUES "
                "(:id, 'running', 'rival', gen_random_uuid(), 1, now() + interval '1 hour', "
                "'text', 'ann', 'c', '{}')",
                id=asked.request.request_id,
            )
            waiting = pool.submit(kinds, ledger, limits, asked)
            wait_until_blocked(ledger, waiting)
        assert waiting.result() == ["duplicate"]
    assert usage(ledger) == (0, 0)


def test_prune_removes_old_counters(ledger):
    ledger.run(
        "INSERT INTO student_usage (student_id, hour) "
        "VALUES ('old', now() - interval '49 hours'), ('new', now() - interval '47 hours') "
        "RETURNING 1"
    )
    assert list(ledger.prune(None, None)) == []
    assert ledger.run("SELECT student_id FROM student_usage") == [{"student_id": "new"}]


def test_claims_without_quota_are_not_counted(ledger):
    lesson = take(ledger, ask())
    assert ledger.complete([completed(lesson)]) == [True]
    assert usage(ledger) == (0, 0)


def test_refusal_names_the_time_to_come_again(ledger):
    [result] = ledger.claim([ask()], LEASE, quota(per_day=0.001))
    assert "replay it from 2026-11-25 00:00 UTC" in str(OverQuota(result.again_at))
