"""Old requests are removed in batches, and the accounts and costs stay as they were."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.cli.app import main
from pipeline.report import data
from tests.integration.ledger_support import (
    claim,
    completed,
    execute,
    letter,
    message,
    outcome_of,
    record,
    request,
    take,
    transaction,
)
from transforms.ledger import COST_KEYS, ClaimRequest, CompletedLesson, scoped
from transforms.ledger.scoped import Scope
from transforms.ledger.values import Prunable, Pruned
from transforms.model import Saving

pytestmark = pytest.mark.changes_rows

OLD, QUARTER, HALF_YEAR = timedelta(days=400), timedelta(days=90), timedelta(days=180)


COLUMNS = {
    "messages": ("received_at", "settled_at"),
    "requests": ("created_at", "completed_at"),
    "stages": ("started_at", "finished_at"),
    "calls": ("started_at", "finished_at"),
    "dead_letters": ("recorded_at", "replayed_at"),
    "hourly_messages": ("hour", "first_at", "last_at"),
    "hourly_stages": ("hour",),
}


def let_days_pass(ledger, days):
    """Make every row of the ledger older."""
    for table, columns in COLUMNS.items():
        moved = ", ".join(f"{c} = {c} - make_interval(days => :days)" for c in columns)
        ledger.run(f"UPDATE {table} SET {moved} RETURNING 1 AS done", days=days)


def ask(modality="text"):
    return ClaimRequest(message(), request(requested_modalities=(modality,)))


def finish(ledger, modality="audio"):
    """Complete a request with three engines' records and savings."""
    asked = ask(modality)
    lesson = take(ledger, asked)
    lesson = lesson.with_record(record(lesson, engine="gemini", cost_usd=0.004, reused=True))
    lesson = lesson.with_record(record(lesson, "narration", engine="gemini", cost_usd=0.06))
    done = completed(lesson)
    savings = (Saving("video", "slides", 0.0003),)
    assert ledger.complete([CompletedLesson(lesson, done.manifest, done.script, savings)]) == [True]
    assert claim(ledger, ClaimRequest(message(), asked.request)).kind == "duplicate"
    return asked


def fail(ledger, modality="video"):
    """Fail a request in its second stage."""
    asked = ask(modality)
    lesson = take(ledger, asked)
    lesson = lesson.with_record(record(lesson, engine="offline", cost_usd=0.001))
    ledger.progress([(lesson, "narration", 25)])
    ledger.dead_letter([letter(lesson, "narration")])
    return asked


def refuse(ledger):
    """Make a dead letter of a message that cannot be read."""
    unread = message()
    ledger.dead_letter([letter(unread)])
    return unread


def accounts(ledger):
    """Read everything that must not change, over all time and over periods of whole days."""
    found = [ledger.totals()]
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for since, until in [(None, None), (today - timedelta(days=401), today), (today, None)]:
        found.append(ledger.totals(since))
        found += [ledger.costs(key, since, until) for key in COST_KEYS]
        scope = Scope(since, until)
        found.append(scoped.accounts(ledger, scope))
        for read in (scoped.costs, scoped.savings):
            found.append(sorted(read(ledger, scope), key=str))
    return found


def prune(ledger, completed=QUARTER, failed=HALF_YEAR, **how):
    """Prune; return the numbers of rows in all and the number of batches."""
    batches = [tuple(vars(batch).values()) for batch in ledger.prune(completed, failed, **how)]
    return Pruned(*map(sum, zip(*batches, strict=True))) if batches else None, len(batches)


@pytest.fixture
def rows(ledger):
    """Old and new rows of every kind."""
    for each in ("audio", "text", "audio"):
        finish(ledger, each)
    fail(ledger)
    refuse(ledger)
    let_days_pass(ledger, 1)
    finish(ledger)
    fail(ledger)
    let_days_pass(ledger, OLD.days)
    finish(ledger)
    fail(ledger)
    refuse(ledger)


def test_prune_keeps_accounts_and_costs(ledger, rows):
    before = accounts(ledger)
    assert ledger.totals().received == 15
    assert ledger.prunable(QUARTER, HALF_YEAR) == Prunable(requests=6, messages=1)
    assert accounts(ledger) == before
    removed, batches = prune(ledger, batch=2)
    assert removed == Pruned(6, 11, 10, 3)
    assert batches == 2 + 1 + 1  # of completed and failed requests, and of unreadable messages
    assert accounts(ledger) == before
    assert prune(ledger) == (None, 0)
    assert (len(ledger.requests()), len(ledger.dead_letters())) == (2, 2)
    assert ledger.run("SELECT count(*) AS kept FROM messages") == [{"kept": 4}]


def test_days_add_up_over_several_runs(ledger, rows):
    before = accounts(ledger)
    prune(ledger, failed=None)
    assert accounts(ledger) == before
    prune(ledger, completed=None)
    assert accounts(ledger) == before
    let_days_pass(ledger, 200)
    again = finish(ledger)
    removed, _ = prune(ledger)
    assert removed == Pruned(2, 4, 3, 2)
    assert [row.request_id for row in ledger.requests()] == [again.request.request_id]
    assert ledger.totals().received == 17


@pytest.mark.parametrize(
    ("completed", "failed", "left"),
    [
        (QUARTER, None, {"failed"}),
        (None, QUARTER, {"completed"}),
        (QUARTER, OLD, {"failed"}),
        (OLD, OLD, {"completed", "failed"}),
    ],
)
def test_each_status_has_its_age(ledger, completed, failed, left):
    finish(ledger)
    fail(ledger)
    let_days_pass(ledger, 100)
    prune(ledger, completed, failed)
    assert {row.status for row in ledger.requests()} == left


def test_cancelled_requests_age_as_failed(ledger):
    ledger.cancel([request().request_id])
    let_days_pass(ledger, 100)
    assert prune(ledger, None, QUARTER)[0] == Pruned(1, 0, 0, 0)


def test_pruned_cancelled_requests_do_not_count_as_failures(ledger):
    fail(ledger)
    cancelled = take(ledger, ask())
    ledger.dead_letter([letter(cancelled, "script", error_type="Cancelled")])
    ledger.cancel([request().request_id])  # not received, so without a dead letter
    let_days_pass(ledger, 400)

    def cancelled_in_report():
        made = data.gather(ledger, Scope(), "all")
        return made.dead_lettered, made.cancelled

    assert cancelled_in_report() == (2, 1)
    prune(ledger)
    assert cancelled_in_report() == (2, 1)


def test_prune_keeps_what_is_in_flight(ledger):
    running = take(ledger, ask())
    reopened = fail(ledger)
    let_days_pass(ledger, 400)
    assert claim(ledger, ClaimRequest(message(), reopened.request, replay=True)).kind == "reopened"
    before = accounts(ledger)
    assert prune(ledger) == (None, 0)
    assert accounts(ledger) == before
    assert ledger.complete([completed(running)]) == [True]


def test_prune_skips_request_that_is_claimed_meanwhile(ledger):
    """A claim holds the request's row; it commits after the batch has been chosen."""
    failed = fail(ledger)
    let_days_pass(ledger, 400)
    with transaction(ledger) as other:
        execute(
            other,
            "UPDATE requests SET status = 'running', lease_expires_at = now() "
            "WHERE request_id = CAST(:id AS uuid)",
            id=failed.request.request_id,
        )
        assert prune(ledger) == (None, 0)
    assert prune(ledger) == (None, 0)


def test_recent_replay_keeps_its_letter(ledger):
    unread, failed = refuse(ledger), fail(ledger)
    let_days_pass(ledger, 400)
    for found in ledger.dead_letters():
        ledger.replayed(found.id, "not-yet-received")
    assert prune(ledger) == (None, 0)
    let_days_pass(ledger, 181)
    assert prune(ledger)[0] == Pruned(1, 2, 1, 2)
    assert outcome_of(ledger, unread.message_id) is None
    assert claim(ledger, failed).kind == "new"  # a repeat of what was pruned is a new request


def test_killed_prune_loses_and_doubles_nothing(ledger):
    """The process dies within its second batch: the first holds, the second left no trace."""
    for _ in range(2):
        finish(ledger)
        let_days_pass(ledger, 1)
    let_days_pass(ledger, OLD.days)
    before = accounts(ledger)
    code = (
        "import sys; from datetime import timedelta; from transforms.ledger import Ledger\n"
        "for _ in Ledger(sys.argv[1]).prune(timedelta(days=90), None, batch=1): print(flush=True)"
    )
    newer = ledger.requests(limit=1)[0].request_id
    with transaction(ledger) as other:
        # The second batch waits for these rows.
        execute(
            other,
            "SELECT 1 FROM messages WHERE request_id = CAST(:id AS uuid) FOR UPDATE",
            id=newer,
        )
        process = subprocess.Popen([sys.executable, "-c", code, ledger.url], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        [waiting] = wait_for_blocked(ledger)
        process.kill()
        process.wait()
        ledger.run("SELECT pg_terminate_backend(CAST(:pid AS integer))", pid=waiting["pid"])
        assert accounts(ledger) == before
    assert accounts(ledger) == before
    assert prune(ledger)[0] == Pruned(1, 2, 2, 0)
    assert accounts(ledger) == before


def wait_for_blocked(ledger):
    """Wait until a session waits for a lock; return it."""
    while True:
        if rows := ledger.run(
            "SELECT pid FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            return rows


def test_prune_command_counts_and_removes(ledger, rows, tmp_path, capsys):
    command = ["db", "prune", "--database", ledger.url, "--completed", "90d", "--failed", "26w"]
    command += ["--artifacts", str(tmp_path)]
    assert main([*command, "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("6 requests with their messages, stages, calls")
    assert main([*command, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"requests": 6, "messages": 1}
    assert main([*command, "--json"]) == 0
    removed = {"requests": 6, "messages": 11, "stages": 10, "dead_letters": 3, "tombstones": 0}
    assert json.loads(capsys.readouterr().out) == removed
    assert main(command) == 0
    assert capsys.readouterr().out.startswith("0 requests")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["prune"], "takes at least one of --completed, --failed and --care"),
        (["upgrade", "--completed", "90d"], "are options of `prune`"),
        (["current", "--dry-run"], "are options of `prune`"),
        (["prune", "--completed", "23h"], "at least one day"),
        (["prune", "--failed", "soon"], "at least one day"),
    ],
)
def test_prune_command_refuses_wrong_options(arguments, reason, capsys):
    command = ["db", *arguments, "--database", "postgresql://owner@nowhere.invalid/vividly"]
    status: object
    try:
        status = main(command)
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    assert reason in capsys.readouterr().err
