"""Copies of dead letters: a topic that fails stops and fails nothing."""

from __future__ import annotations

import json
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import apache_beam as beam
import grpc
import pytest
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from google.cloud import pubsub_v1

from pipeline.graph import build
from pipeline.jobs.graph_runner import GraphRunner
from pipeline.jobs.resources import check_publishing
from pipeline.settings.beam_options import VividlyOptions
from tests.e2e import command
from tests.integration.drain_support import Queue, start_drain
from tests.integration.ledger_support import letter, message
from transforms import pausing_topic, pubsub_client
from transforms.artifacts import ArtifactStore
from transforms.dead_letter_topic import DeadLetterTopic, missing_copies, publish_copy
from transforms.errors import ConfigurationFault
from transforms.model import Message

TOPIC = "projects/project/topics/dead"


class RefusingPubSub:
    """A gRPC server that answers every call with one status, and counts the calls by method."""

    def __init__(self) -> None:
        self.code = grpc.StatusCode.PERMISSION_DENIED
        self.calls: Counter[str] = Counter()
        self._server = grpc.server(ThreadPoolExecutor(2))
        self._server.add_generic_rpc_handlers([self])
        self.host = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def service(self, details):
        """Handle any method."""

        def refuse(_, context):
            self.calls[details.method.rpartition("/")[2]] += 1
            context.abort(self.code, "refused")

        return grpc.unary_unary_rpc_method_handler(refuse)

    def stop(self) -> None:
        """Stop the server."""
        self._server.stop(None)


@pytest.fixture
def server(monkeypatch):
    server = RefusingPubSub()
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", server.host)
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _clients(monkeypatch):
    """Make the process's client for each test: each has a server of its own."""
    client = None

    def singleton(make):
        nonlocal client
        client = client or make()
        return client

    monkeypatch.setattr(pubsub_client, "process_singleton", singleton)
    monkeypatch.setattr(pausing_topic, "TIMEOUT", 0.3)


@pytest.fixture
def topic():
    """A topic of the process without a pause."""
    return DeadLetterTopic(TOPIC)


@pytest.mark.parametrize(
    ("code", "error_type"),
    [
        ("NOT_FOUND", "ConfigurationFault"),
        ("PERMISSION_DENIED", "ConfigurationFault"),
        ("UNAUTHENTICATED", "ConfigurationFault"),
        ("INVALID_ARGUMENT", "PermanentError"),
        ("UNAVAILABLE", "DependencyDown"),
        ("RESOURCE_EXHAUSTED", "DependencyDown"),
        ("DATA_LOSS", "DependencyDown"),
    ],
)
def test_failed_copy_is_logged_and_counted(server, topic, caplog, code, error_type):
    server.code = grpc.StatusCode[code]
    before = missing_copies().count
    topic.publish(letter(message("m-1"), "script"))
    assert missing_copies().count == before + 1
    [entry] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert entry.getMessage() == (
        f"no copy of a dead letter reached the topic ({error_type}); the ledger has the letter"
    )
    assert (entry.message_id, entry.stage, entry.error_type) == ("m-1", "script", error_type)


def test_unexpected_error_fails_no_message(topic, monkeypatch, caplog):
    monkeypatch.setattr(pubsub_client, "publish", lambda *_, **__: 1 / 0)
    topic.publish(letter(message()))
    assert "(ZeroDivisionError)" in caplog.text


def test_failing_topic_is_not_called_during_pause(server, topic, monkeypatch, caplog):
    now = 1000.0
    monkeypatch.setattr("transforms.pausing_topic.time", SimpleNamespace(monotonic=lambda: now))
    for _ in range(3):
        topic.publish(letter(message()))
    assert server.calls["Publish"] == 1
    assert caplog.text.count("(Paused)") == 2
    now += pausing_topic.PAUSE
    topic.publish(letter(message()))
    assert server.calls["Publish"] == 2


def test_refused_letter_does_not_pause_topic(server, topic):
    server.code = grpc.StatusCode.INVALID_ARGUMENT
    for _ in range(2):
        topic.publish(letter(message()))
    assert server.calls["Publish"] == 2


def test_copies_share_one_pause_in_a_process(server):
    name = f"{TOPIC}-shared"
    for _ in range(2):
        publish_copy(name, letter(message()))
    assert server.calls["Publish"] == 1


@pytest.fixture
def dead(pubsub):
    """A topic that exists when a job starts."""
    name = f"projects/{pubsub.project}/topics/dead"
    pubsub_v1.PublisherClient().create_topic(name=name)
    return name


def test_deleted_topic_stops_no_drain(pubsub, dead, ledger, tmp_path):
    check_publishing(dead)
    options = VividlyOptions([], dead_letter_topic=dead)
    graph = GraphRunner(options, ledger, ArtifactStore(str(tmp_path / "artifacts")))
    pubsub_v1.PublisherClient().delete_topic(topic=dead)
    queue = Queue(pubsub.project)
    queue.publish(*[json.dumps(command.request()).encode() for _ in range(6)], b"not JSON")
    before = missing_copies().count
    summary = start_drain(queue, graph)._run()
    assert (summary["completed"], summary["dead_lettered"], summary["in_flight"]) == (6, 1, 0)
    assert queue.left() == set()
    assert len(ledger.dead_letters()) == 1
    assert missing_copies().count == before + 1


def test_deleted_topic_stops_no_stream(dead, ledger, tmp_path):
    """On the engine of `vividly run`, which gives up after four failures of a bundle."""
    options = VividlyOptions([], dead_letter_topic=dead)
    pipeline = beam.Pipeline(runner=BundleBasedDirectRunner(), options=options)
    sent = [message(data=json.dumps(command.request()).encode()) for _ in range(6)]
    source = pipeline | beam.Create([*sent, message(data=b"not JSON")]).with_output_types(Message)
    build(source, options, ledger, ArtifactStore(str(tmp_path / "artifacts")))
    pubsub_v1.PublisherClient().delete_topic(topic=dead)
    pipeline.run().wait_until_finish()
    totals = ledger.totals()
    assert (totals.completed, totals.dead_lettered, totals.in_flight) == (6, 1, 0)


def test_existing_topic_passes_the_start_check(dead):
    check_publishing(dead)
    check_publishing(None)


@pytest.mark.parametrize("by_other_account", [False, True])
def test_missing_topic_fails_the_start_check(pubsub, by_other_account):
    with pytest.raises(ConfigurationFault, match="create the topic"):
        check_publishing(f"projects/{pubsub.project}/topics/none", by_other_account)


def test_forbidden_topic_fails_the_check_of_a_publishing_job(server):
    with pytest.raises(ConfigurationFault, match="Pub/Sub Publisher"):
        check_publishing(TOPIC)


def test_launcher_only_warns_of_a_topic_forbidden_to_itself(server, caplog):
    check_publishing(TOPIC, by_other_account=True)
    assert "this account lacks a right" in caplog.text


def test_unreachable_pubsub_only_warns_at_the_start(server, caplog):
    server.code = grpc.StatusCode.UNAVAILABLE
    check_publishing(TOPIC)
    assert "could not check the topic" in caplog.text
