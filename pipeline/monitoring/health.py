"""HTTP server of `/health`, `/ready` and `/metrics` for Cloud Run and Kubernetes."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger
from transforms.publish import MANIFEST

log = logging.getLogger(__name__)

Check = Callable[[], object]
"""Function that returns if a dependency is ready, and raises with the reason if not."""

HEALTH_PATHS = ("/health", "/healthz")
READY_PATHS = ("/ready", "/readyz")

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
    port: int | None, checks: Mapping[str, Check], registry: CollectorRegistry
) -> AbstractContextManager[object]:
    """Return a `HealthServer` on the port, or a null context without a port."""
    return nullcontext() if port is None else HealthServer(port, checks, registry)


class HealthServer:
    """Serves health and metrics over HTTP until the block ends.

    * `/health` or `/healthz`: 200 as long as the process can answer.
    * `/ready` or `/readyz`: 200 if every check passes, else 503 with the failed ones.
    * `/metrics`: the registry in the format of Prometheus.

    Google's front end answers some paths that end in ``z`` itself, so probes from outside need the
    names without it. HEAD is answered like GET without a body, and queries are ignored.

    Args:
        port: TCP port on all interfaces, because probes come from the platform; 0 for a free one.
        checks: Readiness checks by name.
        registry: Metrics.
    """

    def __init__(self, port: int, checks: Mapping[str, Check], registry: CollectorRegistry) -> None:
        handler = type("_Bound", (_Handler,), {"checks": checks, "registry": registry})
        self._server = ThreadingHTTPServer(("", port), handler)  # "": all interfaces
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="health", daemon=True
        )

    @property
    def port(self) -> int:
        """TCP port of the server."""
        return self._server.server_address[1]

    def __enter__(self) -> Self:
        self._thread.start()
        log.info("serving /health, /ready and /metrics on port %d", self.port)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    checks: Mapping[str, Check]
    registry: CollectorRegistry

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in HEALTH_PATHS:
            self._reply(200, {"status": "alive"})
        elif path in READY_PATHS:
            down = self._down()
            self._reply(503 if down else 200, {"ready": not down, "down": down})
        elif path == "/metrics":
            self._send(200, CONTENT_TYPE_LATEST, generate_latest(self.registry))
        else:
            self._reply(404, {"error": "there are /health, /ready and /metrics"})

    do_HEAD = do_GET

    def _down(self) -> dict[str, str]:
        down = {}
        for name, check in self.checks.items():
            try:
                check()
            except Exception as error:  # noqa: BLE001  (any exception means not ready)
                down[name] = str(error)
        return down

    def _reply(self, status: int, body: Mapping[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)
