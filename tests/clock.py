"""Stand-ins for time and chance, so that tests of waiting neither wait nor vary."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType

import pytest


class Clock:
    """Replacement of the module `time` whose clock moves only when the code under test sleeps.

    Attributes:
        now: Seconds on the monotonic clock.
        slept: Every wait in seconds, in order.
        meanwhile: Called once, at the end of the next wait.
    """

    def __init__(self) -> None:
        self.now = time.monotonic()
        self.slept: list[float] = []
        self.meanwhile: Callable[[], object] | None = None

    @classmethod
    def instead_of_time_in(cls, module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Clock:
        """Replace the clock of a module until the test ends."""
        clock = cls()
        monkeypatch.setattr(module, "time", clock)
        return clock

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        if self.meanwhile:
            happening, self.meanwhile = self.meanwhile, None
            happening()


class HighestDraw:
    """Replacement of the module `random` that draws the largest jitter."""

    @staticmethod
    def uniform(low: float, high: float) -> float:
        assert low == 0
        return high
