"""HTTP server of `/health`, `/ready` and `/metrics` for Cloud Run and Kubernetes."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from typing import Any, Self

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from pipeline.monitoring.http_server import BoundedHTTPServer
from pipeline.monitoring.readiness import Check, Readiness
from pipeline.ports import port_error
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger
from transforms.process.supervision import SupervisedThread
from transforms.publish import MANIFEST

log = logging.getLogger(__name__)

Failure = Callable[[], Exception | None]
"""Function that returns the failure of a background thread of the job; None while all work."""

HEALTH_PATHS = ("/health", "/healthz")
READY_PATHS = ("/ready", "/readyz")

RESTARTS = 3
"""Times that a failed server is started again."""

END_SECONDS = 2.0  # longest wait for the end of the server
STALE = 30.0  # seconds; its loop makes two passes in a second

NO_REQUEST_ID = str(uuid.UUID(int=0))
"""Id of a request that never exists."""


def dependencies(ledger: Ledger, store: ArtifactStore) -> dict[str, Check]:
    """Return a readiness check for Postgres and for the artifact store, by name."""
    return {"postgres": ledger.check, "artifacts": lambda: store.read(NO_REQUEST_ID, MANIFEST)}


def check_running(stop: threading.Event) -> Check:
    """Return a check that fails once the stop event is set."""

    def running() -> None:
        if stop.is_set():
            raise RuntimeError("shutting down")

    return running


def serving(
    port: int | None,
    checks: Mapping[str, Check],
    registry: CollectorRegistry,
    failure: Failure = lambda: None,
) -> AbstractContextManager[HealthServer | None]:
    """Return a `HealthServer` on the port, or a null context without a port."""
    return nullcontext() if port is None else HealthServer(port, checks, registry, failure)


class HealthServer:
    """Serves health and metrics over HTTP until the block ends.

    * `/health` or `/healthz`: 200 unless a background thread has failed, else 503.
    * `/ready` or `/readyz`: 200 if every check passes in time, else 503 with the others.
    * `/metrics`: the registry in the format of Prometheus.

    Reasons and names of checks are for clients on this machine only; others get the status.

    Google's front end answers some paths that end in ``z`` itself, so probes from outside need the
    names without it. HEAD is answered like GET without a body, and queries are ignored.

    Args:
        port: TCP port on all interfaces, because probes come from the platform; 0 for a free one.
        checks: Readiness checks by name.
        registry: Metrics.
        failure: Function that returns the failure of a background thread.

    Raises:
        UsageError: The port is in use, or this process may not use it.
    """

    def __init__(
        self,
        port: int,
        checks: Mapping[str, Check],
        registry: CollectorRegistry,
        failure: Failure = lambda: None,
    ) -> None:
        bound = {
            "readiness": Readiness(checks),
            "registry": registry,
            "failure": staticmethod(failure),
        }
        try:  # "": on all interfaces
            self._server = BoundedHTTPServer(("", port), type("_Bound", (_Handler,), bound))
        except OSError as error:
            raise port_error("--health-port", port, error) from error
        self.thread = SupervisedThread("health server", self._server.serve_forever, STALE, RESTARTS)
        """The server's thread; it also serves the metrics."""
        self._server.stamp = self.thread.stamp

    @property
    def port(self) -> int:
        """TCP port of the server."""
        return self._server.server_address[1]

    def __enter__(self) -> Self:
        self.thread.start()
        log.info("serving /health, /ready and /metrics on port %d", self.port)
        return self

    def __exit__(self, *_: object) -> None:
        # `shutdown` waits for the server's loop without a limit.
        threading.Thread(target=self._server.shutdown, daemon=True).start()
        self.thread.join(END_SECONDS)
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    readiness: Readiness
    registry: CollectorRegistry
    failure: Failure

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in HEALTH_PATHS:
            failure = self.failure()
            if failure:
                self._reply(503, {"status": "failed"}, {"reason": str(failure)})
            else:
                self._reply(200, {"status": "alive"})
        elif path in READY_PATHS:
            down = self.readiness.down()
            self._reply(503 if down else 200, {"ready": not down}, {"down": down})
        elif path == "/metrics":
            self._send(200, CONTENT_TYPE_LATEST, generate_latest(self.registry))
        else:
            self._reply(404, {"error": "there are /health, /ready and /metrics"})

    do_HEAD = do_GET

    def _reply(
        self, status: int, body: Mapping[str, Any], details: Mapping[str, Any] | None = None
    ) -> None:
        shown = {**body, **(details or {})} if self._is_local() else body
        self._send(status, "application/json", json.dumps(shown).encode())

    def _is_local(self) -> bool:
        """Return whether the client has a loopback address."""
        return ip_address(self.client_address[0]).is_loopback

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)
