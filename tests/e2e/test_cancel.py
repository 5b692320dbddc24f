"""`vividly cancel` stops requests of a running drain and a running batch."""

from __future__ import annotations

import json
import time

import pytest

from tests.e2e import command
from tests.e2e.test_drain import Place
from transforms.ledger import Ledger


@pytest.fixture
def place(pubsub, migrated_postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.host)
    return Place(pubsub, migrated_postgres, tmp_path)


def cancel(environment, *ids, status=0):
    done = command.run("cancel", *ids, "--json", **environment)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def test_cancelled_request_stops_and_can_be_replayed(place):
    running, unseen, done = (command.request(requested_modalities=[m]) for m in
                             ("audio", "text", "text"))  # fmt: skip
    [state] = cancel(place.environment, unseen["request_id"])
    assert (state["status"], state["received"]) == ("cancelled", False)
    place.publish(running, unseen, done)
    process = place.start("--empty-queue-timeout", "5")
    place.wait_for(lambda: place.ledger.requests(running["request_id"]), process)
    [state] = place.ledger.cancel(
        [running["request_id"]]
    )  # not by command, which takes too long to start
    assert state.status == "running"
    output, _ = process.communicate(timeout=120)
    summary = command.summary(output)
    assert (summary["received"], summary["completed"], summary["dead_lettered"]) == (3, 1, 2)
    assert summary["cancelled"] == 2
    for each in (running, unseen):
        [row] = place.ledger.requests(each["request_id"])
        assert (row.status, row.error_type) == ("cancelled", "Cancelled")
    states = cancel(place.environment, running["request_id"], done["request_id"], status=1)
    assert [state["status"] for state in states] == ["cancelled", "completed"]

    # A replay by filter does not reopen cancelled requests.
    kept = command.run("dead-letters", "replay", "--retryable", **place.environment)
    assert "0 replayed, 2 skipped" in kept.stdout
    assert "its request was cancelled" in kept.stdout
    [letter] = place.ledger.dead_letters(running["request_id"])
    replayed = command.run("dead-letters", "replay", letter.id, **place.environment)
    assert "1 replayed, 0 skipped" in replayed.stdout, replayed.stderr
    summary = command.summary(place.drain().stdout)
    assert summary["completed"] == 1
    assert summary["reused_stages"] >= 1
    assert place.ledger.requests(running["request_id"])[0].status == "completed"


def test_batch_stops_cancelled_request(migrated_postgres, tmp_path):
    ledger = Ledger(migrated_postgres.url)
    environment = {
        "VIVIDLY_DATABASE": migrated_postgres.url,
        "VIVIDLY_ARTIFACTS": str(tmp_path / "artifacts"),
    }
    asked = command.request(requested_modalities=["video"])
    file = command.jsonl(tmp_path / "requests.jsonl", [asked, command.request()])
    process = command.start(tmp_path / "batch.log", "batch", file, **environment)
    deadline = time.monotonic() + 120
    while not ledger.requests(asked["request_id"]):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert ledger.cancel([asked["request_id"]])[0].status == "running"
    output, _ = process.communicate(timeout=120)
    summary = command.summary(output)
    assert (summary["completed"], summary["dead_lettered"]) == (1, 1)
    assert "video done" not in (tmp_path / "batch.log").read_text()
    repeated = command.run("cancel", asked["request_id"], **environment)
    assert repeated.stdout == f"{asked['request_id']}: cancelled\n"
    # The file still holds it, but it has been settled.
    again = command.summary(command.run("batch", file, **environment).stdout)
    assert (again["completed"], again["dead_lettered"]) == (1, 1)
    assert ledger.requests(asked["request_id"])[0].status == "cancelled"


def test_cancel_refuses_invalid_request_id():
    refused = command.run("cancel", "homework-17")
    assert refused.returncode == 2
    assert "'homework-17' is not a UUID such as" in refused.stderr
