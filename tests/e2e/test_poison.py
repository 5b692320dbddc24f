"""A message that kills its worker becomes a dead letter; other messages are completed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import command
from tests.e2e.test_drain import Place
from transforms.stage import canary
from transforms.stage.suspects import SUSPECT_STARTS

MAX_DELIVERIES = 3
"""Deaths of a child process after which the request is given up."""


@pytest.fixture
def place(pubsub, migrated_postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.host)
    place = Place(pubsub, migrated_postgres, tmp_path)
    place.environment["PYTHONPATH"] = str(Path(__file__).parent / "injected")
    place.environment["FAULTS"] = str(tmp_path / "faults")
    return place


@pytest.mark.nightly
def test_only_poison_message_becomes_dead_letter(place):
    poison = command.request(fault="poison")
    others = [command.request() for _ in range(8)]
    # In any order of processing, some of the others come after the poison message.
    place.publish(*others[:4], poison, *others[4:])
    died: list[int] = []
    while len(died) <= SUSPECT_STARTS:
        done = place.drain("--workers", "1", "--max-deliveries", str(MAX_DELIVERIES))
        if done.returncode == 0:
            break
        died.append(done.returncode)
        place.redeliver()
    # From the third start on the stage runs in a child process, whose death is proven.
    assert died == [-9, -11], done.stderr

    attempts = (place.folder / "faults").read_text().split()
    assert attempts == [poison["request_id"]] * (SUSPECT_STARTS + MAX_DELIVERIES)
    [letter] = place.ledger.dead_letters()
    assert (letter.request_id, letter.stage) == (poison["request_id"], "script")
    assert f"died {MAX_DELIVERIES} times on this request" in letter.error
    rows = [row for row in place.ledger.requests() if row.student_id != canary.STUDENT]
    status = {row.request_id: row.status for row in rows}
    assert status.pop(poison["request_id"]) == "failed"
    assert status == {request["request_id"]: "completed" for request in others}
    totals = place.ledger.totals()
    assert (totals.received, totals.completed, totals.dead_lettered) == (9, 8, 1)
    assert totals.in_flight == 0
