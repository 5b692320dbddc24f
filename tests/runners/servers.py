"""Beam's job server and worker pool as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from pipeline.embedded.process import free_port

PATIENCE = 120.0


@contextmanager
def job_server(folder: Path) -> Iterator[str]:
    """Run Beam's portable job server; yield its address."""
    port_file = folder / "port"
    arguments = (f"--port_file={port_file}", f"--staging_dir={folder / 'staged'}")
    module = "apache_beam.runners.portability.local_job_service_main"
    with _process([sys.executable, "-m", module, *arguments], folder / "server.log") as process:
        wait_for(lambda: (port_file.exists() and port_file.read_text()) or process.poll())
        assert process.poll() is None, (folder / "server.log").read_text()
        yield f"localhost:{int(port_file.read_text())}"


@contextmanager
def worker_pool(folder: Path) -> Iterator[str]:
    """Run Beam's worker pool with this package's boot program; yield its address."""
    boot = folder / "vividly-worker"  # an installation has it among its scripts
    boot.write_text(f'#!/bin/sh\nexec {sys.executable} -m pipeline.worker_boot "$@"\n')
    boot.chmod(0o755)
    address = f"localhost:{free_port()}"
    arguments = (
        f"--service_port={address.partition(':')[2]}",
        f"--container_executable={boot}",
    )
    module = "apache_beam.runners.worker.worker_pool_main"
    with _process([sys.executable, "-m", module, *arguments], folder / "pool.log"):
        with grpc.insecure_channel(address) as channel:
            grpc.channel_ready_future(channel).result(PATIENCE)
        yield address


@contextmanager
def _process(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command with its children in a process group, and end the group."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
