"""Stages that wait, stop or kill their process as a request says, and note each call in a file.

They import no Beam, which takes a child process seconds.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from transforms.model import Scene, Script, encode
from transforms.stage.task import Produced, StageTask

PATIENCE = 60.0
"""Seconds until a stage that waits fails."""

WAITS = "waits"
"""Render after the gate `RELEASED` is open."""

PAUSES = "pauses"
"""Stop the process after the first rendering, before its result is stored."""

DIES = "dies"
"""Kill the process in each call, after the gate `death(number of the call)` is open."""

RELEASED = "released"

LEADS = "leads"
"""Narrate after the gate `LED` is open; the requests behind it then share a bundle."""

LED = "led"

SCRIPT = Script(
    "Gravity", "Why do things fall?", (Scene("Mass", "Mass attracts.", ("Mass",)),),
    ("Mass attracts mass.",), (), "gravity", "physics", 8,
)  # fmt: skip


def death(number: int) -> str:
    """Return the gate of a call that kills its process."""
    return f"death-{number}"


class Stages:
    """Gates and notes of the stages, as files that all processes see.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, gate: str) -> None:
        """Let calls that wait at a gate go on."""
        (self._folder / gate).touch()

    def wait_at(self, gate: str) -> None:
        """Wait until a gate is open."""
        wait_until((self._folder / gate).exists)

    def note(self, request_id: str) -> int:
        """Note a call of the video stage; return its number among those of the request."""
        with self._folder.joinpath(request_id).open("a") as file:
            file.write(f"{os.getpid()}\n")
        return len(self.calls(request_id))

    def calls(self, request_id: str) -> list[int]:
        """Return the process of each call of the video stage."""
        notes = self._folder / request_id
        return [int(line) for line in notes.read_text().split()] if notes.exists() else []


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: It does not hold within `PATIENCE` seconds.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition never came to hold")
        time.sleep(0.05)


class _Task(StageTask):
    needs_folder = False
    engine = "offline"

    def __init__(self, stages: Stages) -> None:
        self._stages = stages

    def inputs(self, lesson):
        return {"query": lesson.request.student_query}


class WriteScript(_Task):
    """Returns a fixed script."""

    stage = "script"

    def perform(self, lesson, store, folder, timeout):
        return Produced({"script.json": encode(SCRIPT)})


class Narrate(_Task):
    """Returns an empty narration."""

    stage = "narration"

    def perform(self, lesson, store, folder, timeout):
        if lesson.request.metadata.get("does") == LEADS:
            self._stages.wait_at(LED)
        return Produced({"narration.m4a": b"sound", "narration.json": b"{}"})


class RenderVideo(_Task):
    """Returns the number of its process, after it did what the request says."""

    stage = "video"
    engine = "slides"

    def perform(self, lesson, store, folder, timeout):
        stages, does = self._stages, lesson.request.metadata.get("does")
        number = stages.note(lesson.request.request_id)
        if does == WAITS:
            stages.wait_at(RELEASED)
        elif does == DIES:
            stages.wait_at(death(number))
            os.kill(os.getpid(), signal.SIGKILL)
        elif does == PAUSES and number == 1:
            os.kill(os.getpid(), signal.SIGSTOP)
        return Produced({"video.mp4": f"made by process {os.getpid()}".encode()})
