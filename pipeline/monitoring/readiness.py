"""Readiness checks within a time limit, at most once a second."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future

log = logging.getLogger(__name__)

Check = Callable[[], object]
"""Function that returns if a dependency is ready, and raises with the reason if not."""

LIMIT = 1.5
"""Seconds for all checks together. Probes must be answered within 2 s; a frozen Postgres does not
answer for half a minute."""

MAX_AGE = 1.0
"""Seconds for which a result is given to other probes, so that probes cannot load Postgres."""


class Readiness:
    """Runs readiness checks in parallel, each on a thread of its own.

    One caller at a time runs them; the others wait for its result.

    A check that has not returned yet is not started again, so that hanging checks do not pile up.

    Args:
        checks: The checks by name.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._running: dict[str, Future[None]] = {}
        self._checking = threading.Lock()
        self._checked_at: float | None = None
        self._down: dict[str, str] = {}

    def down(self) -> dict[str, str]:
        """Return the reasons of the checks that failed or did not return, by name.

        The result may be up to `MAX_AGE` seconds old.
        """
        with self._checking:
            if self._checked_at is None or time.monotonic() - self._checked_at >= MAX_AGE:
                found = self._check()
                if found.keys() != self._down.keys():
                    reasons = "; ".join(f"{name}: {reason}" for name, reason in found.items())
                    log.info("readiness changed: %s", reasons or "ready again")
                self._down, self._checked_at = found, time.monotonic()
            return self._down

    def _check(self) -> dict[str, str]:
        end = time.monotonic() + LIMIT
        found = {name: self._start(name, check) for name, check in self._checks.items()}
        reasons = {name: _reason(result, end - time.monotonic()) for name, result in found.items()}
        return {name: reason for name, reason in reasons.items() if reason is not None}

    def _start(self, name: str, check: Check) -> Future[None]:
        result = self._running.get(name)
        if result is None or result.done():
            result = self._running[name] = Future()
            threading.Thread(target=_run, args=(check, result), daemon=True).start()
        return result


def _run(check: Check, result: Future[None]) -> None:
    try:
        check()
    except BaseException as error:  # noqa: BLE001  (any exception means not ready)
        result.set_exception(error)
    else:
        result.set_result(None)


def _reason(result: Future[None], timeout: float) -> str | None:
    try:
        error = result.exception(max(0.0, timeout))
    except TimeoutError:
        return f"no answer within {LIMIT} s"
    return None if error is None else str(error)
