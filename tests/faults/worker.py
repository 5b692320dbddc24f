"""Worker processes that run `vividly drain` with fault injection.

They are forked from a server that has imported all modules, because importing Beam and Google's
clients takes seconds and a campaign kills hundreds of workers.
"""

from __future__ import annotations

import faulthandler
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from tests.faults.inject import Injector

PRELOAD = (
    "pipeline.commands.drain",
    "pipeline.jobs.drain",
    "pipeline.jobs.lifecycle",
    "pipeline.jobs.resources",
    "pipeline.jobs.scheduler",
    "pipeline.settings.beam_options",
    "pg8000",
    "sqlalchemy.dialects.postgresql",
    "google.cloud.storage",
    "transforms.ledger.migrate",
    "transforms.script.engines.offline.offline_writer",
    "transforms.narration.engines.offline.offline_voice",
    "transforms.narration.recording",
    "tests.faults.worker",
)


class Workers:
    """Starts workers and collects their events.

    Args:
        folder: Folder for logs and events.
        environment: Environment variables of every worker.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._events = folder / "events.jsonl"
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(PRELOAD))
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
        process = self._context.Process(
            target=_main, args=(tuple(arguments), self._environment, log, injector)
        )
        process.start()
        return Worker(self._started, process, log, self)

    def events(self) -> list[dict[str, Any]]:
        """Return all events so far."""
        if not self._events.exists():
            return []
        return [json.loads(line) for line in self._events.read_text().splitlines()]


class Worker:
    """A worker process."""

    def __init__(
        self, number: int, process: ForkServerProcess, log: Path, workers: Workers
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
        self._process.join(seconds)
        return self._process.exitcode

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
        if self._process.pid is not None and self._process.exitcode is None:
            os.kill(self._process.pid, number)


def _main(
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    log: Path,
    injector: tuple[int, str | None, int, Path, Path | None],
) -> None:
    assert threading.active_count() == 1, "a thread in the fork server would be lost in its forks"
    os.setsid()
    threading.Thread(target=_end_with_driver, daemon=True).start()
    with log.open("ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    faulthandler.register(signal.SIGUSR1)  # prints stacks of a worker that hangs
    os.environ.update(environment)
    Injector(*injector).install()
    from pipeline.cli import entry

    entry(["drain", *arguments])


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    assert driver is not None
    driver.join()
    os.kill(os.getpid(), signal.SIGKILL)
