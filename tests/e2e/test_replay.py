"""`vividly dead-letters replay` republishes dead letters, and a drain publishes them to a topic."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e import command
from tests.e2e.test_drain import Place


@pytest.fixture
def place(pubsub, migrated_postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.host)
    return Place(pubsub, migrated_postgres, tmp_path)


@pytest.fixture
def failing(place):
    """Return environment variables that make requests fail as their field `fault` says."""
    injected = str(Path(__file__).parent / "injected")
    return {"PYTHONPATH": injected, "FAULTS": str(place.folder / "faults")}


def replay(place, *arguments):
    done = command.run("dead-letters", "replay", *arguments, **place.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_replayed_dead_letter_completes_once(place, failing):
    busy = command.request(fault="busy")
    place.publish(
        busy, command.request("Explain Newton's fourth law"), b"not JSON", command.request()
    )
    drained = command.run("drain", "--max-tries", "1", **{**place.environment, **failing})
    assert command.summary(drained.stdout)["dead_lettered"] == 3, drained.stderr

    preview = replay(place, "--retryable", "--dry-run")
    assert busy["request_id"] in preview
    assert "1 would be replayed, 0 skipped" in preview
    assert command.summary(place.drain().stdout)["received"] == 0

    [sent] = json.loads(replay(place, "--retryable", "--json"))
    assert sent["request_id"] == busy["request_id"]
    assert "is in flight" in replay(place, str(sent["id"]))
    assert "replayed as message" in replay(place, str(sent["id"]), "--again")
    summary = command.summary(place.drain("--workers", "1").stdout)
    assert (summary["received"], summary["completed"], summary["duplicates"]) == (2, 1, 1)
    [row] = place.ledger.requests(busy["request_id"])
    assert (row.status, row.attempts) == ("completed", 2)
    assert "completed since" in replay(place, str(sent["id"]), "--again")

    # Dead letters are kept; a request that fails again leaves a new one that replaces the old.
    assert "2 replayed, 1 skipped" in replay(place, "--since", "1d")
    assert command.summary(place.drain().stdout)["dead_lettered"] == 2
    letters = place.ledger.dead_letters()
    assert sorted(letter.replays for letter in letters) == [0, 0, 1, 1, 2]
    assert "2 replayed, 3 skipped" in replay(place, "--since", "1d")
    totals = place.ledger.totals()
    assert (totals.completed, totals.duplicates, totals.dead_lettered) == (2, 1, 5)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "either numbers of dead letters or at least one of --stage"),
        (("1", "--retryable"), "either numbers of dead letters or"),
        (("1",), "no dead letter 1 is in the ledger"),
        (("--since", "yesterday"), "such as 2h or 3d"),
    ],
)
def test_impossible_replay_states_the_reason(place, arguments, expected):
    failed = command.run("dead-letters", "replay", *arguments, **place.environment)
    assert failed.returncode == 2
    assert expected in failed.stderr
    assert "Traceback" not in failed.stderr


def test_replay_to_missing_topic_is_reported(place):
    place.publish(b"not JSON")
    place.drain()
    failed = command.run(
        "dead-letters", "replay", "1", "--topic", "no-such-topic", **place.environment
    )
    assert failed.returncode == 2
    assert "no-such-topic" in failed.stderr
    assert "--topic" in failed.stderr


@pytest.fixture
def collector(place):
    """Collector of the messages published to the topic for dead letters."""
    place.dead = place.topic + "-dead"
    subscription = place.subscription + "-dead"
    place.publisher.create_topic(name=place.dead)
    place.subscriber.create_subscription(name=subscription, topic=place.dead)

    def collect():
        response = place.subscriber.pull(subscription=subscription, max_messages=100, timeout=10)
        ack_ids = [received.ack_id for received in response.received_messages]
        place.subscriber.acknowledge(subscription=subscription, ack_ids=ack_ids)
        return [received.message for received in response.received_messages]

    return collect


def test_dead_letters_are_published_to_topic(place, collector):
    refused = command.request("Explain Newton's fourth law")
    place.publish(b"not JSON", refused, command.request(grade_level=99))
    assert command.summary(place.drain("--dead-letter-topic", place.dead).stdout)["completed"] == 0
    published = {message.attributes["vividly-message-id"]: message for message in collector()}
    letters = place.ledger.dead_letters()
    assert published.keys() == {letter.message_id for letter in letters}
    for letter in letters:
        message = published[letter.message_id]
        assert message.data == place.ledger.dead_letter_detail(letter.id).message.data
        optional = {"vividly-field": letter.field, "vividly-request-id": letter.request_id}
        assert message.attributes == {
            "vividly-message-id": letter.message_id,
            "vividly-stage": letter.stage,
            "vividly-error-type": letter.error_type,
            "vividly-error": letter.error,
            "vividly-retryable": "false",
            **{name: value for name, value in optional.items() if value},
        }
    assert {letter.request_id for letter in letters} == {None, refused["request_id"]}


@pytest.mark.parametrize("job", ["drain", "run"])
def test_missing_dead_letter_topic_stops_job_before_it_pulls(place, collector, job):
    place.publish(b"not JSON", command.request("Explain Newton's fourth law"))
    topic = ("--dead-letter-topic", place.dead)
    place.publisher.delete_topic(topic=place.dead)
    failed = command.run(job, *topic, **place.environment)
    assert failed.returncode == 3
    assert "pubsub is misconfigured" in failed.stderr
    assert place.dead in failed.stderr
    assert place.ledger.totals().received == 0
