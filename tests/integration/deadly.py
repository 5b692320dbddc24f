"""A stage that ends its process on some requests, and notes each call in a file.

It imports no Beam, which takes a child process seconds.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from transforms.stage.task import Produced, StageTask

POISON = "Explain poison"
"""Question on which the process is killed."""


class Deadly(StageTask):
    """Writes a line ``question process-id`` for each call, then kills the process or succeeds.

    Args:
        calls: File of the lines.
    """

    stage = "script"
    engine = "offline"

    def __init__(self, calls: Path) -> None:
        self._calls = calls

    def inputs(self, lesson):
        return {"query": lesson.request.student_query}

    def perform(self, lesson, store, folder, calls):
        with self._calls.open("a") as file:
            file.write(f"{os.getpid()} {lesson.request.student_query}\n")
        if lesson.request.student_query == POISON:
            os.kill(os.getpid(), signal.SIGKILL)
        return Produced({"script.json": b"{}"})
