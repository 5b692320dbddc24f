"""Scoped reads return the messages of a run or a time span, and no others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration import ledger_support as support
from transforms.ledger import ClaimRequest, scoped
from transforms.ledger.scoped import Scope

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def run(ledger):
    """Record a completed and a failed request, a duplicate, a bad message, and another run."""
    text, video, other = (
        ClaimRequest(support.message(), support.request(requested_modalities=(modality,)))
        for modality in ("text", "video", "audio")
    )
    lesson = support.take(ledger, text)
    lesson = lesson.with_record(support.record(lesson, seconds=2.0, cost_usd=0.5))
    ledger.complete([support.completed(lesson, saved=0.25)])
    failing = support.take(ledger, video)
    failing = failing.with_record(support.record(failing, seconds=4.0, cost_usd=1.0))
    ledger.progress([(failing, "video", 60)])
    ledger.dead_letter(
        [support.letter(failing, "video", error_type="StageTimeout", retryable=True)]
    )
    again = ClaimRequest(support.message(), text.request)
    assert support.claim(ledger, again).kind == "duplicate"
    garbage = support.message(data=b"\xff" * 5000, source="form")
    ledger.dead_letter([support.letter(garbage, field="message")])
    elsewhere = support.take(ledger, other)
    ledger.complete([support.completed(elsewhere.with_record(support.record(elsewhere)))])
    messages = (text.message, video.message, again.message, garbage)
    return Scope(message_ids=tuple(message.message_id for message in messages))


def test_accounts_count_only_the_run(ledger, run):
    accounts = scoped.accounts(ledger, run)
    assert accounts.outcomes == {"completed": 1, "duplicate": 1, "dead_lettered": 2}
    assert accounts.first is not None
    assert accounts.last is not None
    assert accounts.last >= accounts.first


def test_time_span_selects_by_time_of_receipt(ledger, run):
    now = scoped.accounts(ledger, run).last
    assert now is not None
    later = Scope(since=now + timedelta(hours=1))
    assert scoped.accounts(ledger, later).outcomes == {}
    assert scoped.accounts(ledger, later).first is None
    assert scoped.requests(ledger, later, limit=10) == ([], False)
    assert scoped.accounts(ledger, Scope(until=LONG_AGO)).outcomes == {}
    everything = scoped.accounts(ledger, Scope(LONG_AGO, now + timedelta(hours=1)))
    assert everything.outcomes["completed"] == 2
    assert sum(everything.outcomes.values()) == 5


def test_empty_ids_select_no_messages(ledger, run):
    assert scoped.accounts(ledger, Scope(message_ids=())).outcomes == {}


def test_requests_have_publish_times_and_stages(ledger, run):
    found, is_cut = scoped.requests(ledger, run, limit=2)
    assert not is_cut
    assert sorted(row.status for row, _ in found) == ["completed", "failed"]
    assert {published for _, published in found} == {support.PUBLISHED}
    stages = scoped.stages(ledger, [row.request_id for row, _ in found])
    assert sorted(stage.seconds for stage in stages) == [2.0, 4.0]
    [newest], is_cut = scoped.requests(ledger, run, limit=1)
    assert is_cut
    assert newest == found[0]


def test_latencies_are_percentiles_per_step(ledger, run):
    by_step = {latency.step: latency for latency in scoped.latencies(ledger, run)}
    script = by_step["script"]
    assert (script.count, script.p50, script.p99, script.longest) == (2, 2.0, 4.0, 4.0)
    assert by_step[scoped.WHOLE].count == 1
    assert by_step[scoped.WAITING].p50 > 0


def test_reused_results_have_no_latency_or_cost(ledger, run):
    asked = ClaimRequest(support.message(), support.request())
    lesson = support.take(ledger, asked)
    lesson = lesson.with_record(support.record(lesson, reused=True))
    ledger.complete([support.completed(lesson)])
    scope = Scope(message_ids=(asked.message.message_id,))
    assert "script" not in {latency.step for latency in scoped.latencies(ledger, scope)}
    assert [cost.usd for cost in scoped.costs(ledger, scope)] == [0.0]


def test_reuse_is_counted_by_stage(ledger, run):
    ids = []
    for reused in (False, True, True):
        lesson = support.take(ledger, ClaimRequest(support.message(), support.request()))
        ids.append(lesson.message.message_id)
        made = support.record(lesson, "narration", cost_usd=0.25, reused=reused)
        assert ledger.complete([support.completed(lesson.with_record(made))]) == [True]
    for scope in (Scope(message_ids=tuple(ids)), Scope(since=LONG_AGO)):
        [found] = scoped.reuse(ledger, scope)
        assert (found.stage, found.made, found.reused, found.usd) == ("narration", 1, 2, 0.5)
        assert found.rate == pytest.approx(2 / 3)
    assert scoped.reuse(ledger, run) == []


def test_costs_and_savings_are_by_modality(ledger, run):
    costs = {(cost.modality, cost.stage): cost.usd for cost in scoped.costs(ledger, run)}
    assert costs == {("text", "script"): 0.5, ("video", "script"): 1.0}
    [saving] = scoped.savings(ledger, run)
    assert (saving.modality, saving.requests, saving.usd) == ("text", 1, 0.25)


def test_dead_letters_are_grouped_and_listed(ledger, run):
    reasons = scoped.reasons(ledger, run)
    assert {(reason.stage, reason.field, reason.retryable) for reason in reasons} == {
        ("parse", "message", 0),
        ("video", None, 1),
    }
    newest, older = scoped.dead_letters(ledger, run, limit=10, payload_bytes=100)
    assert (newest.message.data, newest.size) == (b"\xff" * 100, 5000)
    assert newest.message.attributes == {"source": "form"}
    assert older.stage == "video"
