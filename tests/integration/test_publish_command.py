"""`vividly publish` against a Pub/Sub server."""

from __future__ import annotations

import gzip
import json
import os
import threading
import uuid

import pytest
from google.cloud import pubsub_v1

from pipeline.cli import app
from pipeline.embedded.process import free_port
from tests.integration.ledger_support import completed, letter, take
from transforms.ledger import ClaimRequest
from transforms.model import Message
from transforms.parse import parse


class Topic:
    """A topic, its subscription, and the command."""

    def __init__(self, pubsub, capsys):
        name = f"t-{os.urandom(4).hex()}"
        self.name = f"projects/{pubsub.project}/topics/{name}"
        self._subscription = f"projects/{pubsub.project}/subscriptions/{name}"
        self._capsys = capsys
        self._subscriber = pubsub_v1.SubscriberClient()
        pubsub_v1.PublisherClient().create_topic(name=self.name)
        self._subscriber.create_subscription(name=self._subscription, topic=self.name)

    def publish(self, *arguments):
        status = app.main(["publish", "--topic", self.name, *map(str, arguments)])
        printed = self._capsys.readouterr()
        return status, printed.out.split(), printed.err

    def receive(self):
        pulled = self._subscriber.pull(subscription=self._subscription, max_messages=10, timeout=20)
        return [each.message for each in pulled.received_messages]

    def pull(self):
        return [message.data for message in self.receive()]


@pytest.fixture
def topic(pubsub, capsys, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.host)
    return Topic(pubsub, capsys)


def test_request_id_of_options_is_printed(topic):
    status, [request_id], _ = topic.publish("--query", "Explain gravity", "--grade", "8")
    [data] = topic.pull()
    assert (status, json.loads(data)["request_id"]) == (0, request_id)
    given = str(uuid.uuid4()).upper()
    status, printed, _ = topic.publish("--query", "x", "--grade", "8", "--request-id", given)
    assert (status, printed) == (0, [given.lower()])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--query", "x", "--grade", "99"), "--grade is 99; it must be from 1 to 16"),
        (("--query", "x", "--grade", "0"), "--grade is 0; it must be from 1 to 16"),
        (("--query", " ", "--grade", "9"), "--query is blank"),
        (("--query", "", "--grade", "9"), "--query is blank"),
        (("--query", "x", "--grade", "9", "--request-id", "42"), "--request-id is not a UUID"),
        (("--query", "x", "--grade", "9", "--language", "e"), "--language is not a BCP-47 tag"),
        (("--query", "x", "--grade", "9", "--student", "\x00"), "--student holds the control"),
        (("--query", "x", "--grade", "9", "--interest", "x" * 101), "--interest has 101 char"),
    ],
)
def test_invalid_option_is_refused_unpublished(capsys, arguments, reason):
    assert app.main(["publish", *arguments]) == 2
    printed = capsys.readouterr()
    assert (printed.out, reason in printed.err) == ("", True)


def test_oversized_line_is_skipped(topic, tmp_path):
    first, last = str(uuid.uuid4()), str(uuid.uuid4())
    lines = [
        json.dumps({"request_id": first}).encode(),
        b"x" * 10_000_001,
        b'{"request_id": 42}',
        b"not JSON",
        json.dumps({"request_id": last}).encode(),
    ]
    file = tmp_path / "requests.jsonl.gz"
    file.write_bytes(gzip.compress(b"\n".join(lines)))
    status, printed, err = topic.publish(file)
    assert status == 1
    assert "line 2 was not published: it has 10,000,001 bytes" in err
    assert [printed[0], printed[-1]] == [first, last]
    assert [each.partition("=")[0] for each in printed[1:-1]] == ["message", "message"]
    assert sorted(topic.pull()) == sorted([lines[0], *lines[2:]])


def test_utf_16_file_is_not_published(topic, tmp_path):
    file = tmp_path / "requests.jsonl"
    file.write_text('{"a": 1}\n', encoding="utf-16")
    status, printed, err = topic.publish(file)
    assert (status, printed) == (2, [])
    assert "is not UTF-8" in err


def test_missing_topic_is_reported(topic):
    status, _, err = topic.publish("--topic", "missing", "--query", "x", "--grade", "9")
    assert status == 2
    assert "cannot publish to projects/" in err


def test_dead_pubsub_is_a_dependency_down(topic, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{free_port()}")
    status, printed, err = topic.publish("--query", "x", "--grade", "9")
    assert (status, printed) == (3, [])
    assert "pubsub is down" in err


@pytest.mark.parametrize("fails", [False, True])
def test_wait_ends_when_messages_are_settled(topic, ledger, fails):
    def settle():
        for each in topic.receive():
            asked = parse(each.data)
            sent = Message(each.data, {}, each.message_id, each.publish_time)
            lesson = take(ledger, ClaimRequest(sent, asked))
            if fails:
                ledger.dead_letter([letter(lesson, "script", error="no lesson covers this")])
            else:
                ledger.complete([completed(lesson)])

    job = threading.Thread(target=settle)
    job.start()
    status, [request_id], errors = topic.publish(
        "--query", "Explain gravity", "--grade", "8", "--wait", "--database", ledger.url
    )
    job.join()
    assert status == int(fails)
    assert (f"{request_id} is dead letter" in errors) == fails
    assert ("no lesson covers this" in errors) == fails


def test_wait_without_ledger_publishes_nothing(topic, tmp_path):
    status, printed, errors = topic.publish(
        "--query", "x", "--grade", "8", "--wait", "--state", str(tmp_path)
    )
    assert (status, printed) == (2, [])
    assert "there is no ledger" in errors
