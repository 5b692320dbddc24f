"""Worker processes that run `vividly drain` with fault injection."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.cli import entry
from tests import fork_server
from tests.faults.inject import Injector


class Workers:
    """Starts workers and collects their events.

    Args:
        folder: Folder for logs and events.
        environment: Environment variables of every worker.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._events = folder / "events.jsonl"
        self._started = 0

    def start(
        self,
        arguments: Sequence[str],
        point: str | None = None,
        passes: int = 1,
        gate: Path | None = None,
    ) -> Worker:
        """Start a worker.

        Args:
            arguments: Arguments of `vividly drain`.
            point: Point at which the worker is killed; None for no fault.
            passes: Pass of the point at which it is killed.
            gate: If set, the worker waits at the point for this file instead.
        """
        self._started += 1
        log = self._folder / f"worker-{self._started:04d}.log"
        injector = (self._started, point, passes, self._events, gate)
        with log.open("ab") as file:
            process = fork_server.start(
                _main, tuple(arguments), injector,
                stdout=file, stderr=file, environment=self._environment,
            )  # fmt: skip
        return Worker(self._started, process, log, self)

    def events(self) -> list[dict[str, Any]]:
        """Return all events so far."""
        if not self._events.exists():
            return []
        return [json.loads(line) for line in self._events.read_text().splitlines()]


class Worker:
    """A worker process."""

    def __init__(
        self, number: int, process: fork_server.Forked, log: Path, workers: Workers
    ) -> None:
        self.number = number
        self.log = log
        self._process = process
        self._workers = workers

    def events_of(self, kind: str) -> list[Any]:
        """Return the values of this worker's events of a kind."""
        return [
            event[kind]
            for event in self._workers.events()
            if event["worker"] == self.number and kind in event
        ]

    def wait(self, seconds: float) -> int | None:
        """Return the exit code, negative for a signal; None if it is still running."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.returncode

    def wait_for(self, kind: str, seconds: float) -> bool:
        """Wait for an event of a kind, or for the end of the worker; return whether either came."""
        end = time.monotonic() + seconds
        while not self.events_of(kind):
            if self.wait(0.02) is not None:
                return True
            if time.monotonic() > end:
                return False
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal unless the worker has ended."""
        self._process.send_signal(number)


def _main(
    arguments: tuple[str, ...], injector: tuple[int, str | None, int, Path, Path | None]
) -> None:
    faulthandler.register(signal.SIGUSR1)  # prints stacks of a worker that hangs
    Injector(*injector).install()
    entry(["drain", *arguments])
