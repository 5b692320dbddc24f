"""EngineTask: the base class of stage tasks that call an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transforms.engine_plugin import ChosenEngine
from transforms.model import Usage
from transforms.prices import typical
from transforms.stage.task import StageTask


@dataclass(frozen=True)
class EngineTask(StageTask):
    """A stage task that calls the chosen engine on a lesson.

    Attributes:
        chosen: the engine and its settings.
    """

    chosen: ChosenEngine

    @property
    def engine(self) -> str:  # type: ignore[override]  # read-only, as tasks are frozen
        """Name of the chosen engine."""
        return self.chosen.name

    def typical(self) -> tuple[Usage, ...]:
        """Return the engine's usage for a typical lesson, with its settings."""
        return typical(self.stage, self.engine, self.chosen.values())

    def options(self) -> Mapping[str, Any]:
        """Return the settings of the engine that users can set."""
        return self.chosen.options()
