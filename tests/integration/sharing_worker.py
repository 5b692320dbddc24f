"""A stage that shares its results, in a process that kills itself on the way."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.ledger_support import SCRIPT
from tests.integration.stage_support import NO_WAIT, Place, Task, apply, wait_for
from transforms.artifacts.local import LocalFolder
from transforms.dead_letters import DEAD_LETTERS
from transforms.ledger import Ledger
from transforms.model import Lesson, decode, encode
from transforms.process.retry import RetryPolicy
from transforms.stage import single_flight
from transforms.stage.rate_limit import EngineLimits
from transforms.stage.run import RunStage
from transforms.stage.task import FINISHED, Produced, StageRuntime

DEATHS = ("making", "storing", "copying", "waiting")
"""Where the process kills itself: in the engine, between the files and the record of a shared
result, before a copy is whole, or while a thread waits for another one."""


class SharedTask(Task):
    """A stage whose results are shared by requests of one question."""

    def topic(self, lesson):
        return lesson.request.student_query if lesson.request.share else ""


@dataclass(frozen=True)
class Noting(SharedTask):
    """A stage whose engine notes each call in a file."""

    called: Path

    needs_folder = False

    def inputs(self, lesson):
        return {"query": lesson.request.student_query}

    def perform(self, lesson, store, folder, calls):
        with self.called.open("a") as file:
            file.write("called\n")
        if _meanwhile:
            _meanwhile()
        return Produced({"script.json": encode(SCRIPT), "script.md": b"lesson"})


_meanwhile: Callable[[], object] | None = None


def work(place: Place, called: Path, *lessons: Lesson) -> dict[str, Any]:
    """Run the stage."""
    runtime = StageRuntime(
        RetryPolicy(60.0, 3, backoff=NO_WAIT),
        EngineLimits("script"),
        place.store,
        place.ledger,
        workers=4,
        reuse="all",
    )
    return apply(RunStage(Noting(called), runtime), lessons, ("onward", FINISHED, DEAD_LETTERS))


def main(url: str, root: str, called: str, death: str, *lessons: str) -> None:
    """Run the stage on lessons, each on a thread of its own, and die."""
    place = Place(Ledger(url), Path(root))
    _arm(death)
    global _meanwhile
    _meanwhile = {"making": _die, "waiting": _die_once_one_waits}.get(death)
    threads = [
        threading.Thread(target=work, args=(place, Path(called), decode(Lesson, each)))
        for each in lessons
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _arm(death: str) -> None:
    original = LocalFolder._write

    def write(self, writes, *rest):
        is_shared = any(each.key.startswith("shared/") for each in writes)
        if death == "storing" and is_shared:
            original(self, writes[:-1], *rest)  # the record is the last
            _die()
        if death == "copying" and not is_shared:
            original(self, writes[:1], *rest)
            _die()
        return original(self, writes, *rest)

    LocalFolder._write = write  # type: ignore[method-assign]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_once_one_waits() -> None:
    flight = single_flight.single_flight(4)
    wait_for(lambda: flight._waiting > 0)
    _die()
