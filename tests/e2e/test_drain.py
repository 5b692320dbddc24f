"""`vividly drain` settles messages with a real Postgres and a Pub/Sub server."""

from __future__ import annotations

import os
import signal
import time

import pytest
from google.cloud import pubsub_v1
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]

from tests.e2e import command
from transforms.ledger import Ledger, upgrade


class Place:
    """A topic, its subscription, a ledger and a folder for a test."""

    def __init__(self, pubsub, postgres, folder):
        upgrade(postgres.url)
        self.ledger = Ledger(postgres.url)
        name = f"t-{os.urandom(4).hex()}"
        self.topic = f"projects/{pubsub.project}/topics/{name}"
        self.subscription = f"projects/{pubsub.project}/subscriptions/{name}"
        self.environment = {
            "PUBSUB_EMULATOR_HOST": pubsub.host,
            "VIVIDLY_PROJECT": pubsub.project,
            "VIVIDLY_TOPIC": self.topic,
            "VIVIDLY_SUBSCRIPTION": self.subscription,
            "VIVIDLY_DATABASE": postgres.url,
            "VIVIDLY_ARTIFACTS": str(folder / "artifacts"),
            "VIVIDLY_EMPTY_QUEUE_TIMEOUT": "1",
            "VIVIDLY_PULL_TIMEOUT": "1",
        }
        self.folder = folder
        self.publisher = pubsub_v1.PublisherClient()
        self.subscriber = pubsub_v1.SubscriberClient()
        self.publisher.create_topic(name=self.topic)
        self.subscriber.create_subscription(
            name=self.subscription, topic=self.topic, ack_deadline_seconds=10
        )

    def publish(self, *requests):
        file = command.jsonl(self.folder / "requests.jsonl", requests)
        published = command.run("publish", file, **self.environment)
        assert published.returncode == 0, published.stderr
        assert len(published.stdout.split()) == len(requests)

    def redeliver(self):
        """End the leases of a killed worker without waiting for their deadlines."""
        start = Timestamp(seconds=1)
        self.subscriber.seek(request={"subscription": self.subscription, "time": start})

    def drain(self, *arguments):
        return command.run("drain", *arguments, **self.environment)

    def start(self, *arguments):
        return command.start(self.folder / "drain.log", "drain", *arguments, **self.environment)

    def log(self):
        return (self.folder / "drain.log").read_text()

    def wait_for(self, condition, process):
        deadline = time.monotonic() + 120
        while not condition():
            assert process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)


@pytest.fixture
def place(pubsub, migrated_postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.host)
    return Place(pubsub, migrated_postgres, tmp_path)


def test_drain_settles_and_acknowledges_every_message(place):
    first = command.request()
    place.publish(
        first,
        command.request("Explain Ohm's law", requested_modalities=["audio"]),
        first,
        b"\xff\xfe not UTF-8",
        command.request(grade_level=99),
    )
    done = place.drain()
    assert done.returncode == 0, done.stderr
    summary = command.summary(done.stdout)
    assert summary["exit_reason"] == "empty_queue"
    counts = ("received", "completed", "duplicates", "dead_lettered", "in_flight")
    assert [summary[name] for name in counts] == [5, 2, 1, 2, 0]
    totals = place.ledger.totals()
    assert (totals.received, totals.completed, totals.in_flight) == (5, 2, 0)
    for text in ("drain starts", "batch-size=10", "pulled", "drain ends (empty_queue)"):
        assert text in done.stderr
    again = command.summary(place.drain().stdout)
    assert again["received"] == 0


def test_drain_waits_for_empty_queue_timeout(place):
    started = time.monotonic()
    done = place.drain("--empty-queue-timeout", "2")
    assert command.summary(done.stdout)["exit_reason"] == "empty_queue"
    assert command.summary(done.stdout)["runtime_seconds"] >= 2
    assert time.monotonic() - started >= 2


def test_drain_processes_messages_arriving_meanwhile(place):
    process = place.start("--empty-queue-timeout", "100")
    place.wait_for(lambda: "drain starts" in place.log(), process)
    for _ in range(3):
        before = place.ledger.totals().completed
        place.publish(command.request(), command.request())
        place.wait_for(lambda: place.ledger.totals().completed >= before + 2, process)  # noqa: B023
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0  # no work is left over
    assert command.summary(output)["completed"] == 6


def test_drain_stops_at_max_runtime(place):
    done = place.drain("--max-runtime", "1", "--empty-queue-timeout", "60")
    assert done.returncode == 0
    assert command.summary(done.stdout)["exit_reason"] == "max_runtime"


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.nightly)]
)
def test_signal_releases_unfinished_messages(place, number):
    place.publish(*(command.request(requested_modalities=["audio"]) for _ in range(3)))
    process = place.start("--workers", "1", "--shutdown-grace", "0")
    place.wait_for(lambda: "claimed" in place.log(), process)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number, place.log()
    stopped = command.summary(output)
    assert "work is left over" in place.log()
    assert stopped["exit_reason"] == "signal"
    assert stopped["in_flight"] > 0
    # The messages were nacked, so no acknowledgement deadline has to pass first.
    rest = command.summary(place.drain("--empty-queue-timeout", "5").stdout)
    assert stopped["completed"] + rest["completed"] == 3
    assert place.ledger.totals().completed == 3


def test_work_of_killed_drain_is_resumed(place):
    place.publish(command.request(requested_modalities=["video"]))
    process = place.start()
    place.wait_for(lambda: "narration done" in place.log(), process)
    process.kill()
    process.wait()
    assert place.ledger.totals().in_flight == 1
    place.redeliver()
    summary = command.summary(place.drain().stdout)
    assert (summary["completed"], summary["reused_stages"]) == (1, 2)
    assert set(summary["stages"]) == {"video"}


def test_texts_complete_before_earlier_video(place):
    place.publish(
        *(command.request(requested_modalities=[m]) for m in ("video", "audio")),
        *(command.request() for _ in range(3)),
    )
    done = place.drain("--workers", "1")
    assert command.summary(done.stdout)["completed"] == 5
    lines = done.stderr.splitlines()
    completed = [n for n, line in enumerate(lines) if "completed after" in line]
    [video] = [n for n, line in enumerate(lines) if "video done" in line]
    assert len(completed) == 5
    assert completed[2] < video


def test_missing_subscription_is_reported(place):
    failed = place.drain("--subscription", "no-such-subscription")
    assert failed.returncode == 2
    assert "no-such-subscription" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_unreachable_pubsub_is_reported(place):
    place.environment["PUBSUB_EMULATOR_HOST"] = "127.0.0.1:1"
    failed = place.drain("--dependency-timeout", "1")
    assert failed.returncode == 3
    assert "pubsub is down" in failed.stderr


def test_unreachable_artifact_store_settles_nothing(place):
    place.publish(command.request(), command.request())
    good = place.environment["VIVIDLY_ARTIFACTS"]
    place.environment |= {
        "VIVIDLY_ARTIFACTS": "gs://lessons",
        "STORAGE_EMULATOR_HOST": "http://127.0.0.1:1",
    }
    failed = place.drain("--dependency-timeout", "1")
    assert failed.returncode == 3
    assert "artifacts is down" in failed.stderr
    stopped = command.summary(failed.stdout)
    assert (stopped["exit_reason"], stopped["in_flight"]) == ("dependency_down", 2)
    assert place.ledger.totals().dead_lettered == 0
    place.environment["VIVIDLY_ARTIFACTS"] = good
    assert command.summary(place.drain("--empty-queue-timeout", "5").stdout)["completed"] == 2


def test_publish_sends_request_made_from_options(place):
    published = command.run(
        "publish", "--query", "Explain gravity", "--grade", "8", "--interest", "music",
        "--modality", "text", **place.environment,
    )  # fmt: skip
    assert published.returncode == 0, published.stderr
    assert command.summary(place.drain().stdout)["completed"] == 1
    [row] = place.ledger.requests()
    assert (row.request["interest"], row.modality) == ("music", "text")
