"""An entry stays open until its worker closes it; several open entries make a request suspect."""

from __future__ import annotations

import pytest

from tests.integration.ledger_support import (
    claim,
    completed,
    let_lease_lapse,
    letter,
    message,
    request,
    row,
    take,
)
from transforms.ledger import ClaimRequest

DAY = 86_400.0


@pytest.fixture
def asked():
    return ClaimRequest(message("m-1"), request(requested_modalities=("video",)))


@pytest.fixture
def lesson(ledger, asked):
    return take(ledger, asked)


def enter(ledger, lesson, stage="video"):
    [answer] = ledger.enter([lesson], stage)
    assert answer.kind == "go"
    return answer


def entries(ledger):
    [found] = ledger.run("SELECT open_entries FROM requests")
    return found["open_entries"]


def test_claim_opens_the_first_stage(ledger, lesson, asked):
    assert entries(ledger) == {"1": "script"}
    take(ledger, asked)
    assert entries(ledger) == {"1": "script", "2": "script"}


def test_starts_count_open_entries_of_the_same_stage(ledger, lesson):
    assert [enter(ledger, lesson).starts for _ in range(3)] == [0, 1, 2]
    assert enter(ledger, lesson, "narration").starts == 0


def test_starts_of_claimed_stage_include_earlier_claims(ledger, lesson, asked):
    take(ledger, asked)
    assert enter(ledger, take(ledger, asked), "script").starts == 2


CLOSES = {
    "progress": (lambda ledger, last: ledger.progress([(last, "video", 25)]), {"1": "script"}),
    "release": (
        lambda ledger, last: ledger.release([last]),
        {"1": "script", "2": "narration"},
    ),
    "queue": (
        lambda ledger, last: ledger.queue([last], DAY, "dead_letters"),
        {"1": "script", "2": "narration"},
    ),
    "close": (
        lambda ledger, last: ledger.close_entries(["m-1", "unknown"]),
        {"1": "script", "2": "narration"},
    ),
    "complete": (lambda ledger, last: ledger.complete([completed(last)]), {}),
    "dead letter": (lambda ledger, last: ledger.dead_letter([letter(last, "narration")]), {}),
}


@pytest.mark.parametrize("close", CLOSES)
def test_entry_is_closed_once_by_its_number(ledger, lesson, close):
    enter(ledger, lesson, "narration")
    last = enter(ledger, lesson, "narration").lesson
    call, left = CLOSES[close]
    for _ in range(2):
        call(ledger, last)
        assert entries(ledger) == left


def test_stale_worker_closes_no_entry(ledger, lesson):
    stale = enter(ledger, lesson).lesson
    enter(ledger, lesson)
    ledger.release([stale])
    ledger.progress([(stale, "publish", 90)])
    assert entries(ledger) == {"1": "script", "2": "video", "3": "video"}


def test_other_message_closes_no_entry(ledger, lesson, asked):
    other = take(ledger, ClaimRequest(message("m-2"), request()))
    ledger.duplicates([(message("m-3"), asked.request.request_id)])
    ledger.close_entries(["m-2", "m-3"])
    found = ledger.run("SELECT open_entries FROM requests WHERE message_id = 'm-1'")
    assert found == [{"open_entries": {"1": "script"}}]
    assert row(ledger, other).status == "running"


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_replay_forgets_open_entries(ledger, lesson, asked, end):
    last = enter(ledger, lesson).lesson
    if end == "failed":
        ledger.dead_letter([letter(last, "video")])
    else:  # while no worker held its claim
        let_lease_lapse(ledger, asked.request.request_id)
        ledger.cancel([asked.request.request_id])
    again = ClaimRequest(message(), asked.request, replay=True)
    assert claim(ledger, again).kind == "reopened"
    assert list(entries(ledger).values()) == ["script"]


def test_takeover_keeps_open_entries(ledger, lesson, asked):
    enter(ledger, lesson)
    let_lease_lapse(ledger, asked.request.request_id)
    assert claim(ledger, ClaimRequest(message(), asked.request)).kind == "taken_over"
    assert entries(ledger) == {"1": "script", "2": "video", "3": "script"}


def test_message_is_interrupted_while_an_entry_is_open(ledger, lesson):
    handed_back, ended = (take(ledger, ClaimRequest(message(), request())) for _ in range(2))
    ledger.release([handed_back])
    ledger.complete([completed(ended)])
    names = [each.message.message_id for each in (lesson, handed_back, ended)]
    assert ledger.interrupted([*names, "unknown"]) == {"m-1"}
