"""Spans of the pipeline's work, for traces (`--otlp-endpoint`).

Off by default: OpenTelemetry is then not imported, and a span costs one comparison.

A span of a message is a child of its publisher's span. Without one it is in the trace that the
request id names, as log lines are. A span holds ids, names of engines and models, numbers and types
of errors; never a student's id or words.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from transforms.model import ContentRequest, Lesson, Message, Received
from transforms.telemetry.span import OFF, Attribute, Span
from transforms.telemetry.trace_context import ATTRIBUTES, publisher_context

if TYPE_CHECKING:
    from transforms.telemetry.otlp import Exporter

log = logging.getLogger(__name__)

CLOSE_SECONDS = 1.0
"""Longest time for the last spans to be sent, from when the job has ended its work."""


_exporter: Exporter | None = None
_closing: threading.Thread | None = None
_close_by = 0.0
_worker_asked = False


def configure(endpoint: str | None) -> None:
    """Record spans in this process and send them to a collector.

    Does nothing without an endpoint, with the variable `OTEL_SDK_DISABLED`, or a second time.

    Args:
        endpoint: Base URL of the collector, such as ``http://localhost:4318``.

    Raises:
        ModuleNotFoundError: The extra `traces` is not installed.
    """
    global _exporter
    if not endpoint or _exporter or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return
    from transforms.telemetry.otlp import Exporter

    _exporter = Exporter(endpoint)


def configure_worker() -> None:
    """Configure a Beam worker from the options of its job; call it in `setup` of DoFns."""
    global _worker_asked
    if _exporter or _worker_asked:
        return
    _worker_asked = True
    from apache_beam.options.value_provider import RuntimeValueProvider

    try:
        configure(RuntimeValueProvider.get_value("otlp_endpoint", str, None))
    except ModuleNotFoundError as error:
        log.warning("no traces: this worker lacks %s, of the extra `traces`", error.name)


def begin_close() -> None:
    """Begin to send the last spans, in the background; later spans are dropped."""
    global _exporter, _closing, _close_by
    exporter, _exporter = _exporter, None
    if exporter:
        _close_by = time.monotonic() + CLOSE_SECONDS
        _closing = threading.Thread(target=exporter.close, name="traces", daemon=True)
        _closing.start()


def close() -> None:
    """Send the last spans, unless that takes more than `CLOSE_SECONDS` from `begin_close`."""
    begin_close()
    if _closing:
        _closing.join(max(0.0, _close_by - time.monotonic()))


def now() -> int:
    """Return the time for `span(start=…)`; 0 while traces are off."""
    return time.time_ns() if _exporter else 0


def span(
    name: str,
    source: Message | Received | Lesson,
    *,
    parent: Span = OFF,
    start: int = 0,
    **attributes: Attribute,
) -> Span:
    """Begin a span, to be used in a `with` statement; an exception of the block fails it.

    Args:
        name: What is done, one of few names.
        source: The element it is done on.
        parent: The span it is a part of; that of the publisher by default.
        start: When it began, in nanoseconds since 1970; now by default.
        attributes: As for `Span.set`.
    """
    if _exporter is None:
        return OFF
    if isinstance(source, Lesson):
        attributes |= {"attempt": source.claim.attempt}
    if isinstance(source, Message):
        begun = _exporter.begin(name, source, None, parent, start)
    else:
        begun = _exporter.begin(name, source.message, source.request, parent, start)
    begun.set(**attributes)
    return begun


def begin_send(
    request_id: str | None, caller: Mapping[str, str] = MappingProxyType({})
) -> tuple[Span, dict[str, str]]:
    """Begin the span of a publication, to be used in a `with` statement.

    Args:
        request_id: The request that is published; None if the message has no valid id.
        caller: What may state the caller's span, as attributes of a message do.

    Returns:
        The span, and the attributes that make it the parent of the message's other spans. While
        traces are off, these name the caller's span.
    """
    if _exporter:
        return _exporter.send(request_id or "", caller)
    context = publisher_context(caller)
    return OFF, {ATTRIBUTES[0]: context.header} if context else {}


def record_pull(message: Message, request: ContentRequest | None, seconds: float) -> None:
    """Record the pull of a message, from its publication if that came later than the pull.

    Args:
        message: The message.
        request: Its request; None if it is invalid.
        seconds: How long the pull has taken until now.
    """
    if _exporter is None:
        return
    start = max(time.time() - seconds, message.publish_time.timestamp())
    _exporter.begin("pull", message, request, OFF, int(min(start, time.time()) * 1e9)).end()
