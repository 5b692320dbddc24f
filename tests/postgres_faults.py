"""Break a Postgres server for real."""

from __future__ import annotations

import os
import signal
import time

from pipeline.embedded.postgres import EmbeddedPostgres


def crash(server: EmbeddedPostgres) -> None:
    """Kill a running server; `start` recovers committed data."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    while server.pid is not None:
        time.sleep(0.005)


def restart(server: EmbeddedPostgres) -> None:
    """Stop and start a server; it keeps its port."""
    server.stop()
    server.start()
