"""Break a Postgres server for real."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

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
    """Stop every process of a server with SIGSTOP while the block runs."""
    postmaster = psutil.Process(server.pid)
    postmaster.suspend()  # first, so that it starts no more processes
    processes = [*postmaster.children(recursive=True), postmaster]
    try:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()
