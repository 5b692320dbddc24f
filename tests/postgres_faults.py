"""Break a Postgres server for real."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

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


@contextmanager
def frozen(server: EmbeddedPostgres) -> Iterator[None]:
    """Freeze a running server and its connections during the block."""
    main = psutil.Process(server.pid)
    main.suspend()  # it starts no others then
    processes = [main, *main.children(recursive=True)]
    for each in processes[1:]:
        each.suspend()
    try:
        yield
    finally:
        for each in processes:
            each.resume()
