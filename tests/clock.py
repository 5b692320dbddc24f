"""A clock that only moves when the code under test sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType

import pytest


class Clock:
    """Stands in for the module `time` in another module.

    Attributes:
        now: seconds on the monotonic clock.
        slept: every wait, in order.
        meanwhile: called once, at the end of the next wait.
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
