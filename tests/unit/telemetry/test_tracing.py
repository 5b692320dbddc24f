"""Spans are sent to a collector over OTLP, and cost nothing while they are off."""

from __future__ import annotations

import logging
import random
import subprocess
import sys
import uuid
from datetime import UTC, datetime

import pytest
from apache_beam.options.value_provider import RuntimeValueProvider

from tests.otlp_collector import tracing_apart
from transforms.errors import DependencyDown, InvalidRequest
from transforms.model import Claim, ContentRequest, Lesson, Message, Received
from transforms.telemetry import tracing
from transforms.telemetry.span import OFF

REQUEST_ID = "123e4567-e89b-12d3-a456-426614174000"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
WORDS = "why am I so sad"


@pytest.fixture
def collector(monkeypatch):
    with tracing_apart(monkeypatch) as collector:
        yield collector


def message(flags="01", **attributes):
    if flags:
        attributes["traceparent"] = f"00-{TRACE}-{PARENT}-{flags}"
    return Message(b"{}", attributes, "m-1", datetime.now(UTC))


def received(request_id=REQUEST_ID, flags=""):
    return Received(message(flags), ContentRequest(request_id, "student-7", WORDS, 9, "c-1"))


def lesson(flags="01"):
    found = received(flags=flags)
    return Lesson(found.message, found.request, Claim("token", 2))


@pytest.mark.parametrize("caller", [{}, {"traceparent": f"00-{TRACE}-{PARENT}-01"}])
def test_sent_message_carries_span_of_its_publication(collector, caller):
    tracing.configure(collector.url)
    span, attributes = tracing.begin_send(REQUEST_ID, caller)
    with span:
        sent = Message(b"{}", attributes, "m-1", datetime.now(UTC))
    record(sent)
    tracing.close()
    send, parse = collector.spans
    above = (TRACE, PARENT) if caller else (REQUEST_ID.replace("-", ""), "")
    assert (send.name, send.trace_id, send.parent_id) == ("send", *above)
    assert (parse.trace_id, parse.parent_id) == (send.trace_id, send.span_id)


def test_caller_is_passed_on_while_traces_are_off():
    caller = f"00-{TRACE}-{PARENT}-01"
    assert tracing.begin_send(REQUEST_ID) == (OFF, {})
    assert tracing.begin_send(REQUEST_ID, {"traceparent": "nonsense"}) == (OFF, {})
    assert tracing.begin_send(None, {"traceparent": caller}) == (OFF, {"traceparent": caller})


def record(source, error=None):
    with tracing.span("parse", source) as span:
        if error:
            span.fail(error)


def test_spans_are_off_without_loading_opentelemetry():
    program = (
        "import sys\n"
        "from transforms.telemetry import tracing\n"
        "tracing.configure(None)\n"
        "with tracing.span('parse', None) as span:\n"
        "    span.set(reused=True)\n"
        "tracing.close()\n"
        "assert not [name for name in sys.modules if 'opentelemetry' in name or 'otlp' in name]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_span_is_child_of_the_publishers_span(collector):
    tracing.configure(collector.url)
    with (
        tracing.span("script", lesson(), engine="gemini") as stage,
        tracing.span("gemini script", lesson(), parent=stage, model="", cost_usd=0.5),
    ):
        pass
    tracing.close()
    call, script = collector.spans
    assert (script.name, script.trace_id, script.parent_id) == ("script", TRACE, PARENT)
    assert (call.name, call.trace_id, call.parent_id) == ("gemini script", TRACE, script.span_id)
    assert call.attributes == {
        "messaging.message.id": "m-1",
        "vividly.request_id": REQUEST_ID,
        "vividly.modality": "video",
        "vividly.attempt": 2,
        "vividly.cost_usd": 0.5,
    }
    assert collector.resource["service.name"] == "vividly"


def test_request_without_publisher_span_has_trace_of_its_id(collector):
    tracing.configure(collector.url)
    record(received())
    record(message(flags=""))
    tracing.close()
    first, invalid = collector.spans
    assert (first.trace_id, first.parent_id) == (REQUEST_ID.replace("-", ""), "")
    assert invalid.trace_id != first.trace_id


def test_span_starts_at_the_time_given(collector):
    tracing.configure(collector.url)
    started = tracing.now()
    with tracing.span("claim", received(), start=started):
        pass
    tracing.record_pull(message(), None, seconds=30.0)
    tracing.close()
    claim, pull = collector.spans
    assert claim.start == started
    assert pull.end - pull.start < 30e9  # the message was published after the pull began


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidRequest("student_query", WORDS), "InvalidRequest"),
        (DependencyDown("postgres", "password=hunter2"), "DependencyDown: postgres"),
    ],
)
def test_failed_span_has_no_words_and_no_secrets(collector, error, status):
    tracing.configure(collector.url)
    with pytest.raises(type(error)), tracing.span("parse", received()):
        raise error
    tracing.close()
    [span] = collector.spans
    assert span.failed
    assert span.status.startswith(status)
    assert span.attributes["error.type"] == type(error).__name__
    for text in (WORDS, "hunter2", "student-7"):
        assert text.encode() not in b"".join(collector.bodies)


@pytest.mark.parametrize("sampler", ["traceidratio", "parentbased_traceidratio"])
def test_ratio_samples_a_part_of_the_requests(collector, monkeypatch, sampler):
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.2")
    tracing.configure(collector.url)
    draw = random.Random(7)
    for _ in range(200):
        record(received(str(uuid.UUID(int=draw.getrandbits(128), version=4))))
    tracing.close()
    assert 10 < len(collector.spans) < 90


def test_publisher_that_does_not_sample_gets_no_spans(collector):
    tracing.configure(collector.url)
    record(message(flags="00"))
    record(received())
    tracing.close()
    assert [span.trace_id for span in collector.spans] == [REQUEST_ID.replace("-", "")]


def test_standard_variables_are_honoured(collector, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20t")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "lessons")
    tracing.configure(collector.url)
    record(received())
    tracing.close()
    assert collector.headers["authorization"] == "Bearer t"
    assert collector.resource["service.name"] == "lessons"


def test_disabled_sdk_records_no_spans(collector, monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    tracing.configure(collector.url)
    assert tracing.span("parse", received()) is OFF


def test_close_leaves_a_collector_that_does_not_answer(collector):
    collector.gate.clear()
    tracing.configure(collector.url)
    record(received())
    assert collector.arrived.wait(60)
    tracing.close()
    sending = tracing._closing
    assert sending
    assert sending.is_alive()  # a daemon thread that still waits for the answer
    assert tracing.span("parse", received()) is OFF


def test_refusing_collector_is_logged_once_and_when_it_is_back(collector, caplog):
    collector.status = 400
    tracing.configure(collector.url)
    with caplog.at_level(logging.INFO):
        for count in (1, 2):
            record(received())
            collector.wait_for(lambda count=count: len(collector.bodies) == count)
        collector.status = 200
        record(received())
        tracing.close()
    assert [r.levelname for r in caplog.records] == ["WARNING", "INFO"]
    assert len(collector.spans) == 1


def test_worker_reads_the_endpoint_from_its_options(collector, monkeypatch):
    monkeypatch.setattr(RuntimeValueProvider, "runtime_options", {"otlp_endpoint": collector.url})
    tracing.configure_worker()
    tracing.configure_worker()  # every DoFn does
    record(received())
    tracing.close()
    assert len(collector.spans) == 1


def test_worker_without_the_extra_goes_on(collector, monkeypatch, caplog):
    monkeypatch.setattr(RuntimeValueProvider, "runtime_options", {"otlp_endpoint": collector.url})
    for name in ("transforms.telemetry.otlp", "opentelemetry.exporter.otlp.proto.http"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    tracing.configure_worker()
    tracing.configure_worker()
    assert [r.getMessage().partition(":")[0] for r in caplog.records] == ["no traces"]
    assert tracing.span("parse", received()) is OFF
