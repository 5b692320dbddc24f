"""Messages that `publish` and `serve` send carry the span that they are traced under."""

from __future__ import annotations

import json
import uuid

import pytest
from google.cloud import pubsub_v1

from pipeline.cli import app
from tests.integration.drain_support import Queue
from tests.integration.serve_support import ASKED, serving
from tests.otlp_collector import tracing_apart
from transforms.telemetry import tracing

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def collector(monkeypatch):
    with tracing_apart(monkeypatch) as collector:
        yield collector


def stated(received):
    """Return the ids of trace and span that a message names."""
    _, trace_id, span_id, _ = received.message.attributes["traceparent"].split("-")
    return trace_id, span_id


def test_each_published_line_carries_its_own_span(pubsub, collector, tmp_path, capsys):
    queue = Queue(pubsub.project)
    ids = [str(uuid.uuid4()) for _ in range(3)]
    lines = [json.dumps({**ASKED, "request_id": each}) for each in ids] + ["no request"]
    file = tmp_path / "requests.jsonl"
    file.write_text("\n".join(lines) + "\n")
    command = ["publish", str(file), "--topic", queue.topic, "--otlp-endpoint", collector.url]
    assert app.main(command) == 0
    sent = {stated(each) for each in queue.pull()}
    assert sent == {(span.trace_id, span.span_id) for span in collector.named("send")}
    traces = {span.trace_id for span in collector.spans}
    assert len(traces) == 4
    assert {each.replace("-", "") for each in ids} <= traces


def test_message_of_untraced_publisher_has_no_attributes(pubsub, collector):
    queue = Queue(pubsub.project)
    assert app.main(["publish", "--query", "x", "--grade", "8", "--topic", queue.topic]) == 0
    [received] = queue.pull()
    assert dict(received.message.attributes) == {}


@pytest.mark.parametrize("headers", [{}, {"traceparent": f"00-{TRACE}-{CALLER}-01"}])
def test_request_to_api_is_traced_below_its_caller(ledger, pubsub, tmp_path, collector, headers):
    tracing.configure(collector.url)
    with serving(ledger, pubsub, tmp_path) as served:
        answer = served.client.post("/v1/requests", json=ASKED, headers=headers)
        assert answer.status_code == 202
        with pubsub_v1.SubscriberClient() as subscriber:
            [received] = subscriber.pull(
                subscription=served.subscription, max_messages=1, timeout=20
            ).received_messages
    tracing.close()
    [span] = collector.spans
    assert stated(received) == (span.trace_id, span.span_id)
    own = answer.json()["request_id"].replace("-", "")
    assert (span.trace_id, span.parent_id) == ((TRACE, CALLER) if headers else (own, ""))
