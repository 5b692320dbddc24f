"""Record spans with OpenTelemetry and send them over OTLP (HTTP, protobuf).

The tracer provider is this module's own and not OpenTelemetry's global one: with that, client
libraries would add spans whose attributes may hold a student's words.

Spans are sent by a thread of their own. While the collector cannot be reached, they wait in a queue
of limited length, and are dropped when it is full.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Sampler, SamplingResult

from transforms.installation import DISTRIBUTION
from transforms.model import ContentRequest, Message
from transforms.telemetry.redaction import error_reason, redact
from transforms.telemetry.span import Attribute, Span
from transforms.telemetry.trace_context import ATTRIBUTES, TraceContext, publisher_context

log = logging.getLogger(__name__)

PATH = "/v1/traces"
"""Path of traces below a collector's base URL, as OTLP defines it."""

_UUID = re.compile("[0-9a-fA-F]{32}")

SERVICE = "vividly"
"""Name of the service, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES gives another."""


class Exporter:
    """Records spans and sends them to one collector.

    Args:
        endpoint: Base URL of the collector.
    """

    def __init__(self, endpoint: str) -> None:
        url = endpoint.rstrip("/") + PATH
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # `_Reporting` logs failures
        self._ids = _RequestIds()
        self._provider = TracerProvider(
            resource=_resource(), shutdown_on_exit=False, id_generator=self._ids
        )
        self._provider.sampler = _HashSampler(self._provider.sampler)
        sender = _Reporting(OTLPSpanExporter(endpoint=url), url)
        self._provider.add_span_processor(BatchSpanProcessor(sender))
        self._tracer = self._provider.get_tracer(__name__)

    def begin(
        self,
        name: str,
        message: Message,
        request: ContentRequest | None,
        parent: Span,
        start: int,
    ) -> Span:
        """Begin a span; see `transforms.telemetry.tracing.span`."""
        if isinstance(parent, _RecordedSpan):
            context = trace.set_span_in_context(parent.recorded, Context())
        else:
            context = _remote_context(message.attributes)
        about = {"messaging.message.id": message.message_id}
        if request:
            about |= {
                "vividly.request_id": request.request_id,
                "vividly.modality": request.modality,
            }
        return self._start(name, context, request.request_id if request else "", about, start)

    def send(self, request_id: str, caller: Mapping[str, str]) -> tuple[Span, dict[str, str]]:
        """Begin the span of a publication; see `transforms.telemetry.tracing.begin_send`."""
        about = {"vividly.request_id": request_id} if request_id else {}
        begun = self._start("send", _remote_context(caller), request_id, about)
        own = begun.recorded.get_span_context()
        context = TraceContext(
            f"{own.trace_id:032x}", f"{own.span_id:016x}", f"{own.trace_flags:02x}"
        )
        return begun, {ATTRIBUTES[0]: context.header}

    def _start(
        self, name: str, context: Context, request_id: str, about: Mapping[str, str], start: int = 0
    ) -> _RecordedSpan:
        with self._ids.of_request(request_id):
            recorded = self._tracer.start_span(
                name, context, attributes=about, start_time=start or None
            )
        return _RecordedSpan(recorded)

    def close(self) -> None:
        """Send the last spans and drop later ones."""
        self._provider.shutdown()


def _remote_context(attributes: Mapping[str, str]) -> Context:
    """Return the publisher's trace context from message attributes, or an empty one."""
    stated = publisher_context(attributes)
    if not stated:
        return Context()
    above = trace.SpanContext(
        int(stated.trace_id, 16),
        int(stated.span_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(stated.flags, 16)),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(above), Context())


class _RecordedSpan(Span):
    def __init__(self, recorded: trace.Span) -> None:
        self.recorded = recorded

    def end(self) -> None:
        self.recorded.end()

    def set(self, **attributes: Attribute) -> None:
        for name, value in attributes.items():
            if value is not None and value != "":
                self.recorded.set_attribute(f"vividly.{name}", value)

    def fail(self, error: BaseException) -> None:
        # OpenTelemetry's `record_exception` would add the error's text, which may quote words.
        self.recorded.set_attribute("error.type", type(error).__name__)
        self.recorded.set_status(trace.StatusCode.ERROR, redact(error_reason(error)))


class _RequestIds(RandomIdGenerator):
    """Generates trace ids from request ids, so that traces and log lines match."""

    def __init__(self) -> None:
        self._thread = threading.local()

    @contextmanager
    def of_request(self, request_id: str) -> Iterator[None]:
        """Use a request id for the traces that begin in the block, if it is a UUID."""
        digits = request_id.replace("-", "")
        self._thread.trace_id = int(digits, 16) if _UUID.fullmatch(digits) else 0
        try:
            yield
        finally:
            self._thread.trace_id = 0

    def generate_trace_id(self) -> int:
        given: int = getattr(self._thread, "trace_id", 0)
        return given or super().generate_trace_id()


class _HashSampler(Sampler):
    """Samples traces by a hash of their id.

    OpenTelemetry's ratio takes the last 64 bits for random. In a UUID the first two of them are
    fixed, so that a ratio of a tenth would sample no request at all.

    Args:
        inner: The sampler that OTEL_TRACES_SAMPLER chooses; that of the parent by default.
    """

    def __init__(self, inner: Sampler) -> None:
        self._inner = inner

    def should_sample(
        self, parent_context: Context | None, trace_id: int, *rest: Any, **more: Any
    ) -> SamplingResult:
        digest = hashlib.sha256(trace_id.to_bytes(16, "big")).digest()
        mixed = int.from_bytes(digest[:16], "big")
        return self._inner.should_sample(parent_context, mixed, *rest, **more)

    def get_description(self) -> str:
        return f"HashSampler{{{self._inner.get_description()}}}"


class _Reporting(SpanExporter):
    """Logs when the collector stops accepting spans, and when it accepts them again."""

    def __init__(self, inner: SpanExporter, url: str) -> None:
        self._inner = inner
        self._url = url
        self._is_down = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        is_down = result is not SpanExportResult.SUCCESS
        if is_down != self._is_down:
            self._is_down = is_down
            if is_down:
                log.warning("the collector %s takes no traces; the work goes on", self._url)
            else:
                log.info("the collector %s takes traces again", self._url)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


def _resource() -> Resource:
    found = Resource.create()
    own = {SERVICE_VERSION: version(DISTRIBUTION)}
    if str(found.attributes[SERVICE_NAME]).startswith("unknown_service"):
        own[SERVICE_NAME] = SERVICE
    return found.merge(Resource(own))
