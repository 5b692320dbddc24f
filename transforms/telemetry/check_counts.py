"""Count scripts with problems, by the check that found them."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping

from transforms.process.singletons import process_singleton
from transforms.telemetry.metrics import CHECK_PROBLEMS, SCRIPT_CHECKS


class CheckCounts:
    """Counts of scripts with problems in this process, by check; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scripts = dict.fromkeys(SCRIPT_CHECKS, 0)

    def add(self, checks: Collection[str]) -> None:
        """Count one script with problems of the given checks."""
        with self._lock:
            for check in self._scripts.keys() & checks:
                self._scripts[check] += 1

    def scripts(self) -> Mapping[str, int]:
        """Return the number of scripts with problems, by check."""
        with self._lock:
            return dict(self._scripts)


def check_counts() -> CheckCounts:
    """Return this process's `CheckCounts`."""
    return process_singleton(CheckCounts)


def count_checks(checks: Collection[str]) -> None:
    """Count one finished script and the checks that found problems in it."""
    check_counts().add(checks)
    for check, counter in CHECK_PROBLEMS.items():
        counter.inc(int(check in checks))  # also 0, so that the counter exists
