"""Run the commands of a checkout with its own interpreter."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.faults.ordinary.finding import TookTooLong


@dataclass(frozen=True)
class Done:
    """A command that has ended.

    Attributes:
        status: Its exit status.
        output: What it printed.
        log: What it logged.
        seconds: How long it ran.
    """

    status: int
    output: str
    log: str
    seconds: float

    @property
    def summary(self) -> dict[str, Any]:
        """Summary of a job; empty if it printed none."""
        lines = self.output.strip().splitlines()
        try:
            found = json.loads(lines[-1]) if lines else {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def shown(self) -> str:
        """Status and counts in a few words."""
        names = ("exit_reason", "completed", "dead_lettered", "in_flight")
        counts = ", ".join(f"{name} {self.summary[name]}" for name in names if name in self.summary)
        return f"exit status {self.status}, {counts or 'no summary'}, {self.seconds:.0f} s"


class Job:
    """A command that runs.

    Args:
        command: Program and arguments.
        folder: Working directory.
        log: File for its output; another beside it takes what it prints.
        environment: Its environment.
        stdin: Its standard input; none by default.
    """

    def __init__(
        self,
        command: list[str],
        folder: Path,
        log: Path,
        environment: Mapping[str, str],
        stdin: IO[bytes] | None = None,
    ) -> None:
        self._log = log
        self._output = log.with_suffix(".out")
        self._started = time.monotonic()
        with log.open("wb") as errors, self._output.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=folder, env=dict(environment), stdout=output, stderr=errors,
                stdin=stdin or subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._log.read_text(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def wait(self, seconds: float) -> Done:
        """Wait for its end; kill it after some seconds.

        Raises:
            TookTooLong: It did not end in time.
        """
        try:
            status = self.process.wait(max(1.0, seconds))
        except subprocess.TimeoutExpired:
            self.kill()
            raise TookTooLong(f"the command did not end within {seconds:.0f} s") from None
        output = self._output.read_text(errors="replace")
        return Done(status, output, self.log, time.monotonic() - self._started)

    def kill(self) -> None:
        """Kill it with its children, if it still runs."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)


@dataclass(frozen=True)
class Checkout:
    """A checkout of this project.

    Attributes:
        folder: Its folder.
        python: Interpreter with its dependencies.
    """

    folder: Path
    python: Path

    def start(
        self, log: Path, environment: Mapping[str, str], *arguments: object, stdin: Any = None
    ) -> Job:
        """Start a command; `-m pipeline` runs the code in the folder, wherever it was installed."""
        command = [str(self.python), "-m", "pipeline", *map(str, arguments)]
        return Job(command, self.folder, log, environment, stdin)


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until a condition holds.

    Raises:
        TookTooLong: It did not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TookTooLong(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)
