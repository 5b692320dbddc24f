"""A collector of traces: an HTTP server that keeps the spans which it is sent over OTLP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from transforms.telemetry import tracing

PATIENCE = 60.0


@dataclass(frozen=True)
class Received:
    """A span as the collector received it; ids are hexadecimal."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    failed: bool
    status: str
    attributes: dict[str, Any]


@dataclass
class Collector:
    """The spans received, and how requests are answered.

    Attributes:
        url: Base URL.
        status: Status code of the answers; spans count as received only with 200.
        gate: Requests are answered while it is set.
        arrived: Set once a request has arrived.
        bodies: Bodies of all requests.
        headers: Headers of the last request.
        resource: Resource attributes of the last request.
        spans: The spans received, in the order of their ends.
        on_spans: Called when spans have been received.
    """

    url: str = ""
    status: int = 200
    gate: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)
    bodies: list[bytes] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    resource: dict[str, Any] = field(default_factory=dict)
    spans: list[Received] = field(default_factory=list)
    on_spans: Callable[[], object] = lambda: None

    def named(self, name: str) -> list[Received]:
        """Return the spans of a name."""
        return [span for span in self.spans if span.name == name]

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.spans
            time.sleep(0.01)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Take a request and return the status of its answer."""
        self.arrived.set()
        self.gate.wait()
        if path != "/v1/traces":
            return 404
        self.bodies.append(body)
        self.headers = headers
        if self.status == 200:
            for each in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resource = _values(each.resource.attributes)
                self.spans += [_span(span) for scope in each.scope_spans for span in scope.spans]
            self.on_spans()
        return self.status


def _span(span: Any) -> Received:
    return Received(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        span.status.code == span.status.STATUS_CODE_ERROR,
        span.status.message,
        _values(span.attributes),
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Serve a collector on a free port."""
    collector = Collector()
    collector.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = collector.take(self.path, headers, body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Ignore clients that have gone."""

    with Server(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield collector
        finally:
            collector.gate.set()
            server.shutdown()
            thread.join()


@contextmanager
def tracing_apart(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Run a collector while this process has traces of its own, off at first; they end after it."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    for name in ("_exporter", "_closing"):
        monkeypatch.setattr(tracing, name, None)
    monkeypatch.setattr(tracing, "_worker_asked", False)
    with collecting() as collector:
        yield collector
        collector.gate.set()
        tracing.close()
