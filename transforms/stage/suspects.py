"""Isolate requests whose stage may have killed its worker.

An entry that no worker has closed may be a death, a scale-down or a paused worker. A request with
several of them is suspect: its stage runs in a child process, whose death is proven.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from transforms.errors import ChildDied, CrashesWorker, StartedTooOften
from transforms.process.child import call_in_child
from transforms.telemetry import log_events

if TYPE_CHECKING:
    from transforms.artifacts import ArtifactStore
    from transforms.model import Lesson, Usage
    from transforms.stage.stage_calls import StageCalls
    from transforms.stage.task import Produced, StageTask

log = logging.getLogger(__name__)

SUSPECT_STARTS = 2
"""Open entries of a stage from which on it runs in a child process."""

UNPROVEN_FACTOR = 4
"""Starts without an end, for each proven death allowed, after which a request is given up."""


def check_starts(lesson: Lesson, stage: str, starts: int, max_deliveries: int) -> None:
    """Raise if a stage was started too often on a request without an end.

    Args:
        lesson: The lesson.
        stage: The stage.
        starts: Entries of the stage that no worker has closed.
        max_deliveries: Proven deaths after which a request is given up.

    Raises:
        StartedTooOften: There are too many.
    """
    if starts >= UNPROVEN_FACTOR * max_deliveries:
        fields = log_events.log_fields(lesson, stage=stage)
        log.error(log_events.STARTED_TOO_OFTEN, stage, starts, extra=fields)
        raise StartedTooOften(stage, starts)


class Suspect:
    """Runs the stage of a suspect request in a child process, and counts its deaths.

    Args:
        max_deliveries: Deaths after which the request is given up.
    """

    def __init__(self, max_deliveries: int) -> None:
        self._max_deliveries = max_deliveries
        self._deaths = 0

    def perform(
        self, task: StageTask, lesson: Lesson, store: ArtifactStore, folder: Path, calls: StageCalls
    ) -> Produced:
        """Run the stage in a child process.

        Its paid calls are admitted by limits of the child's own, and their waits use up the
        deadline.

        Raises:
            CrashesWorker: The child has died too often.
            Exception: As `StageTask.perform`.
        """
        arguments = task, lesson, store, folder, calls
        try:
            done = call_in_child(_perform, *arguments, timeout=calls.left)
        except ChildDied as death:
            self._deaths += 1
            if self._deaths < self._max_deliveries:
                raise
            raise CrashesWorker(task.stage, self._deaths) from death
        produced, usage, spent_usd = done.value
        calls.add(usage, spent_usd)
        return produced


def _perform(
    task: StageTask, lesson: Lesson, store: ArtifactStore, folder: Path, calls: StageCalls
) -> tuple[Produced, tuple[Usage, ...], float]:
    try:
        produced = task.perform(lesson, store, folder, calls)
    finally:
        calls.close()
    return produced, calls.usage, calls.spent_usd
