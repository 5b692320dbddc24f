"""VirtualTime: a clock for real threads that moves only when all of them wait.

A storm of half a minute then takes milliseconds, and a slow machine changes nothing.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

HANGS = 60.0  # real seconds


class _Sleeper:
    def __init__(self, condition: object, wake: float) -> None:
        self.condition = condition
        self.wake = wake
        self.is_awake = False
        self.notified = False


class VirtualTime:
    """Replacement of the module `time`, and of `threading.Condition`, in modules under test."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._lock = threading.RLock()
        self._woken = threading.Condition(self._lock)
        self._sleepers: list[_Sleeper] = []
        self._running = 0

    @classmethod
    def inside(cls, monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> VirtualTime:
        """Replace the time of modules until the test ends."""
        clock = cls()
        for module in modules:
            monkeypatch.setattr(module, "time", clock)
            if hasattr(module, "threading"):
                conditions = SimpleNamespace(
                    Condition=lambda: _Condition(clock), Lock=threading.Lock
                )
                monkeypatch.setattr(module, "threading", conditions)
        return clock

    def monotonic(self) -> float:
        """Return the virtual time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait for virtual seconds."""
        with self._lock:
            self.wait(None, seconds)

    def run(self, works: Sequence[Callable[[], Any]]) -> list[Any]:
        """Run each function on a thread of its own; return results or exceptions in order."""
        results: list[Any] = [None] * len(works)

        def perform(index: int) -> None:
            try:
                results[index] = works[index]()
            except Exception as error:  # noqa: BLE001  (returned)
                results[index] = error
            finally:
                with self._lock:
                    self._running -= 1
                    self._advance()

        threads = [
            threading.Thread(target=perform, args=(index,), daemon=True)
            for index in range(len(works))
        ]
        self._running += len(threads)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(HANGS)
            assert not thread.is_alive(), "threads wait for ever"
        return results

    def wait(self, condition: object, seconds: float | None) -> bool:
        """Wait, with the lock held, until the time has come or the condition is notified."""
        sleeper = _Sleeper(condition, math.inf if seconds is None else self.now + max(0.0, seconds))
        self._sleepers.append(sleeper)
        self._running -= 1
        self._advance()
        while not sleeper.is_awake:
            assert self._woken.wait(HANGS), "threads wait for ever"
        return sleeper.notified

    def notify(self, condition: object) -> None:
        """Wake all threads that wait for a condition."""
        for sleeper in list(self._sleepers):
            if sleeper.condition is condition:
                sleeper.notified = True
                self._wake(sleeper)

    def _advance(self) -> None:
        if self._running <= 0 and self._sleepers:
            self.now = max(self.now, min(sleeper.wake for sleeper in self._sleepers))
            for sleeper in list(self._sleepers):
                if sleeper.wake <= self.now:
                    self._wake(sleeper)

    def _wake(self, sleeper: _Sleeper) -> None:
        self._sleepers.remove(sleeper)
        sleeper.is_awake = True
        self._running += 1
        self._woken.notify_all()


class _Condition:
    """A condition of virtual time; all share one lock."""

    def __init__(self, clock: VirtualTime) -> None:
        self._clock = clock

    def __enter__(self) -> None:
        self._clock._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._clock._lock.release()

    def notify_all(self) -> None:
        self._clock.notify(self)

    def wait(self, seconds: float | None = None) -> bool:
        return self._clock.wait(self, seconds)
