"""Workers of the previous release go on while the tables are new, beside workers of this one.

`released_0_1.sql` holds the statements of release 0.1, so the test needs no other checkout. After a
release, replace it by the statements of that release.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.ledger_support import (
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
from transforms.ledger import ClaimRequest, cancel, claim_statement, leases, records
from transforms.ledger.jsontext import json_text

FILE = Path(__file__).with_name("released_0_1.sql")
RELEASED = dict(re.findall(r"(?ms)^-- name: ([^\n]+)\n(.*?)\n(?=\n-- name:|\Z)", FILE.read_text()))
# The present code also reads these columns of its own statement.
RELEASED["CLAIM"] = RELEASED["CLAIM"].replace(
    "SELECT decided.position,", "SELECT 0 AS entry, 0 AS starts, decided.position,"
)
WRITES = {name: text for name, text in RELEASED.items() if name.isupper()}
READS = {name: text for name, text in RELEASED.items() if not name.isupper()}

PARAMETERS = {
    "request_id": None, "status": None, "since": None, "until": None, "limit": 10, "stage": None,
    "error": None, "retryable": None, "id": 1, "ids": "[]", "request_ids": "[]", "bytes": 10,
    "seconds": 3600, "message_id": "m-1", "waiting": "waiting", "whole": "whole request",
}  # fmt: skip
"""Values of the parameters of the released reads."""

GONE = {
    "UNSETTLED": {"ids": '["m-1"]'},
    "RESET_DELIVERIES": {"message_id": "m-1"},
    "UNCOUNT_DELIVERY": {"message_ids": '["m-1"]'},
}
"""Parameters of the released statements that have no successor."""

HOUR = timedelta(hours=1)


def with_costs(items):
    """Add the costs of requests, which only released statements are given."""
    return json_text([{"cost_usd": 0.064, **item} for item in items])


@pytest.fixture
def worker(monkeypatch):
    """Return a context in which the ledger's statements are those of a release."""

    @contextmanager
    def of_release(release):
        with monkeypatch.context() as patched:
            for name in WRITES.keys() - GONE.keys() if release == "previous" else ():
                modules = [
                    m for m in (claim_statement, leases, records, cancel) if hasattr(m, name)
                ]
                assert modules, f"{name} has no successor"
                for module in modules:
                    patched.setattr(module, name, WRITES[name])
            if release == "previous":
                patched.setattr(records, "json_text", with_costs)
            yield

    return of_release


BOTH = [("previous", "present"), ("present", "previous"), ("previous", "previous")]


@pytest.mark.parametrize(("first", "second"), BOTH)
def test_request_passes_between_releases(ledger, worker, first, second):
    asked = ClaimRequest(message(), request())
    with worker(first):
        lesson = take(ledger, asked)
        lesson = lesson.with_record(record(lesson, cost_usd=0.004))
        assert ledger.progress([(lesson, "narration", 40)]).lost == set()
    with worker(second):
        assert claim(ledger, ClaimRequest(message(), asked.request)).kind == "duplicate"
        items = json_text([lesson.entry_key._asdict()])
        assert len(ledger.run(vars(leases)["HEARTBEAT"], items=items, lease=60)) == 1
        lesson = lesson.with_record(record(lesson, "narration", cost_usd=0.06))
        assert ledger.complete([completed(lesson, saved=0.001)]) == [True]
    with worker(first):
        assert claim(ledger, asked).kind == "done"
        assert ledger.duplicates([(message(), lesson.request.request_id)]) == [True]
    assert row(ledger, lesson).status == "completed"
    assert ledger.spent(HOUR) == pytest.approx(0.064)
    assert sum(each.cost_usd for each in ledger.costs("stage")) == pytest.approx(0.064)


@pytest.mark.parametrize(("first", "second"), BOTH)
def test_failed_request_is_replayed_by_the_other_release(ledger, worker, first, second):
    asked = ClaimRequest(message(), request())
    with worker(first):
        lesson = take(ledger, asked)
        assert ledger.release([lesson]) == {asked.request.request_id}
        ledger.close_entries([asked.message.message_id])
    with worker(second):
        lesson = take(ledger, asked)
        assert ledger.dead_letter([letter(lesson, "narration")]) == [True]
    again = ClaimRequest(message(), asked.request, replay=True)
    with worker(first):
        assert claim(ledger, again).kind == "reopened"
        let_lease_lapse(ledger, asked.request.request_id)
    with worker(second):
        lesson = take(ledger, again)
        assert ledger.complete([completed(lesson)]) == [True]
    assert outcome_of(ledger, asked.message.message_id) == "dead_lettered"
    assert outcome_of(ledger, again.message.message_id) == "completed"


@pytest.mark.parametrize(("first", "second"), BOTH)
def test_cancelled_request_ends_in_the_other_release(ledger, worker, first, second):
    lesson = take(ledger, ClaimRequest(message(), request()))
    unreceived = ClaimRequest(message(), request())
    with worker(first):
        ledger.cancel([lesson.request.request_id, unreceived.request.request_id])
    with worker(second):
        found = ledger.progress([(lesson, "script", 10)])
        assert found.cancelled == {lesson.request.request_id}
        assert ledger.complete([completed(lesson)]) == [False]
        assert claim(ledger, unreceived).kind == "cancelled"


@pytest.mark.parametrize("name", READS)
def test_released_read_runs_on_present_tables(ledger, name):
    lesson = take(ledger, ClaimRequest(message(), request()))
    ledger.complete([completed(lesson.with_record(record(lesson)))])
    ledger.dead_letter([letter(message())])
    ledger.prune(timedelta(days=1), timedelta(days=1))
    used = re.findall(r"(?<![:\w]):([a-z_]+)", READS[name])
    ledger.run(READS[name], **{each: PARAMETERS[each] for each in used})


@pytest.mark.parametrize("name", GONE)
def test_released_statement_without_successor_runs(ledger, name):
    take(ledger, ClaimRequest(message("m-1"), request()))
    assert ledger.run(WRITES[name], **GONE[name]) == [{"message_id": "m-1"}]


def test_every_released_statement_is_held():
    assert (len(WRITES), len(READS)) == (11, 23)
