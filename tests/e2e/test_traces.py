"""`vividly drain --otlp-endpoint` sends the spans of its messages to a collector."""

from __future__ import annotations

import json
import os

import pytest
from google.cloud import pubsub_v1

from tests.e2e import command
from tests.otlp_collector import collecting

TRACE, PUBLISHER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECRET = "zorblatt"


@pytest.fixture
def collector():
    with collecting() as collector:
        yield collector


@pytest.fixture
def drain(pubsub, migrated_postgres, tmp_path, monkeypatch):
    """Return a function that publishes messages with their attributes and drains them."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.host)
    name = f"t-{os.urandom(4).hex()}"
    topic = f"projects/{pubsub.project}/topics/{name}"
    subscription = f"projects/{pubsub.project}/subscriptions/{name}"
    publisher = pubsub_v1.PublisherClient()
    publisher.create_topic(name=topic)
    pubsub_v1.SubscriberClient().create_subscription(name=subscription, topic=topic)
    environment = {
        "VIVIDLY_PROJECT": pubsub.project,
        "VIVIDLY_SUBSCRIPTION": subscription,
        "VIVIDLY_DATABASE": migrated_postgres.url,
        "VIVIDLY_ARTIFACTS": str(tmp_path / "artifacts"),
        "VIVIDLY_EMPTY_QUEUE_TIMEOUT": "0.5",
        "VIVIDLY_PULL_TIMEOUT": "2",
    }

    def publish_and_drain(*messages, endpoint):
        for request, attributes in messages:
            publisher.publish(topic, json.dumps(request).encode(), **attributes).result(timeout=60)
        return command.run("drain", "--otlp-endpoint", endpoint, **environment)

    return publish_and_drain


def test_drain_sends_spans_below_the_publishers(drain, collector):
    traced = command.request(requested_modalities=["audio"], student_id=f"s-{SECRET}")
    plain = command.request("Explain Ohm's law", interest=SECRET)
    unknown = command.request(f"Explain {SECRET} to me")
    invalid = command.request(grade_level=99)
    done = drain(
        (traced, {"traceparent": f"00-{TRACE}-{PUBLISHER}-01", "vividly-forged": SECRET}),
        (plain, {"traceparent": "00-not-valid"}),
        (unknown, {}),
        (invalid, {}),
        endpoint=collector.url,
    )
    assert done.returncode == 0, done.stderr
    summary = command.summary(done.stdout)
    assert (summary["completed"], summary["dead_lettered"]) == (2, 2)

    def spans(trace_id):
        return {span.name: span for span in collector.spans if span.trace_id == trace_id}

    audio = spans(TRACE)
    stages = {"pull", "parse", "claim", "script", "narration", "publish"}
    calls = {"offline script": "script", "offline narration": "narration"}
    assert audio.keys() == stages | calls.keys()
    assert {audio[name].parent_id for name in stages} == {PUBLISHER}
    for call, stage in calls.items():
        assert audio[call].parent_id == audio[stage].span_id
    assert not any(span.failed for span in audio.values())

    text = spans(plain["request_id"].replace("-", ""))
    assert text.keys() == {"pull", "parse", "claim", "script", "offline script", "publish"}
    assert {text[name].parent_id for name in stages & text.keys()} == {""}

    failed = spans(unknown["request_id"].replace("-", ""))
    steps = {"pull", "parse", "claim", "script", "offline script", "dead letter"}
    assert failed.keys() == steps
    letter = failed["dead letter"].attributes
    assert (letter["vividly.stage"], letter["vividly.kept"]) == ("script", True)
    assert letter["vividly.error_type"] == failed["script"].attributes["error.type"]
    assert failed["script"].failed
    assert failed["script"].attributes["error.type"] == failed["offline script"].status

    [refused] = [span for span in collector.named("parse") if span.failed]
    assert refused.attributes["error.type"] == "InvalidRequest"
    assert len(collector.named("dead letter")) == 2
    assert SECRET.encode() not in b"".join(collector.bodies)


def test_unreachable_collector_fails_no_work(drain, collector):
    collector.gate.clear()  # it takes connections and never answers
    done = drain((command.request(), {}), endpoint=collector.url)
    assert done.returncode == 0, done.stderr
    assert command.summary(done.stdout)["completed"] == 1
    assert collector.arrived.is_set()
    assert collector.spans == []
