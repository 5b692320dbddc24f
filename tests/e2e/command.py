"""Run the `vividly` command in another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from pipeline.cli import entry
from tests import fork_server

VIVIDLY = (sys.executable, "-m", "pipeline")

Done = subprocess.CompletedProcess


def run(
    *arguments: object, timeout: float = 240, **environment: str
) -> subprocess.CompletedProcess:
    """Run a command in a fork of the fork server and wait for its end.

    With a `PYTHONPATH` it runs as a program of its own, since modules are found there at the start.
    """
    if "PYTHONPATH" in environment:
        return run_program(*arguments, timeout=timeout, **environment)
    with TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
        given = [str(argument) for argument in arguments]
        process = fork_server.start(
            entry, given, stdout=stdout, stderr=stderr, environment={**os.environ, **environment}
        )
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        printed = []
        for file in (stdout, stderr):
            file.seek(0)
            printed.append(file.read())
        return Done(given, code, *printed)


def run_program(
    *arguments: object, timeout: float = 240, **environment: str
) -> subprocess.CompletedProcess:
    """Run a command as `python -m pipeline` and wait for its end; slower than `run` by seconds."""
    return subprocess.run(
        [*VIVIDLY, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def start(log: Path, *arguments: object, **environment: str) -> fork_server.Forked:
    """Start a command that logs to a file, in a fork of the fork server."""
    with log.open("wb") as file:
        return fork_server.start(
            entry,
            [str(argument) for argument in arguments],
            stderr=file,
            environment={**os.environ, **environment},
        )


def wait_for(condition: Callable[[], object], process: fork_server.Forked) -> None:
    """Wait until a condition holds while a command runs."""
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def summary(output: str) -> dict[str, Any]:
    """Parse the summary on the last line of a job's output."""
    found = json.loads(output.strip().splitlines()[-1])
    settled = found["completed"] + found["duplicates"] + found["dead_lettered"]
    assert found["received"] == settled + found["in_flight"]
    return found


def request(query: str = "Explain photosynthesis", **fields: Any) -> dict[str, Any]:
    """Make a text request."""
    return {
        "request_id": str(uuid.uuid4()),
        "student_id": "s-1",
        "student_query": query,
        "grade_level": 9,
        "requested_modalities": ["text"],
        **fields,
    }


def jsonl(file: Path, requests: Sequence[Mapping[str, Any] | bytes]) -> Path:
    """Write requests or raw bytes to a file, one per line."""
    lines = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in requests]
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file


def get(port: int, path: str) -> tuple[int, str]:
    """GET a path of a server on this machine; return the status and the body."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
