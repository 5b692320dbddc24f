"""Decide after repeated unexpected failures whether the messages or the set-up is at fault.

An unexpected error is a bug that one message hits, or a fault of the set-up that all messages hit.
After `EQUAL_FAILURES` equal errors without a success, a canary (a built-in request) runs through
the stage; for some errors, and when a deferred message fails again, earlier. If it passes, the
messages become dead letters. If it fails, the job stops and settles none of them. So bad messages
cannot stop a job, and a bad set-up cannot use up a backlog.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping

from transforms.errors import (
    CallRejected,
    ChildDied,
    ClaimLost,
    ConfigurationFault,
    ContentError,
    CrashesWorker,
    EnvironmentFault,
    Undecided,
    WorkerFault,
)
from transforms.faults import environment_fault, error_place
from transforms.ledger import Ledger
from transforms.process.singletons import process_singleton
from transforms.telemetry import log_events

log = logging.getLogger(__name__)

EQUAL_FAILURES = 5
"""Messages that must fail with the same error, raised at the same place, before a canary runs."""

DEFERRED_FAILURES = 2
"""The same number once a message that was deferred runs again: few others came in between."""

_OUT_OF_MEMORY = ("MemoryError", "ChildDied", "CrashesWorker")
_JUDGED_AT_ONCE = (*_OUT_OF_MEMORY, "ImportError", "ModuleNotFoundError")
"""Errors for which a canary runs at the first one: a worker without memory, or an engine that
cannot be loaded, fails every message."""

VALID = 60.0
"""Seconds for which a failed canary is not run again, though its bundle is repeated."""

MAX_HELD = 1000
"""Most messages whose failure waits for its decision; the oldest are forgotten."""


class FailureStreak:
    """The unexpected failures of one stage of a job in this process since its last success.

    Args:
        ledger: Ledger of the job.
        stage: Name of the stage.
    """

    def __init__(self, ledger: Ledger, stage: str) -> None:
        self._stage = stage
        self._deciding = threading.RLock()  # held during a canary: the others wait for its verdict
        self._failed: dict[str, set[str]] = {}  # message ids by error and place
        self._held: OrderedDict[str, Exception] = OrderedDict()  # by message id
        self._fault: EnvironmentFault | None = None
        self._fault_at = 0.0

    def held(self, message_id: str) -> Exception | None:
        """Return the earlier failure of a message whose decision was deferred, or None."""
        return self._held.get(message_id)

    def judge(
        self,
        errors: Mapping[str, Exception],
        succeeded: bool,
        canary: Callable[[], object],
        may_defer: bool,
    ) -> None:
        """Decide about the failures of a bundle: return to make them dead letters, else raise.

        Args:
            errors: Errors by message id; only unexpected ones count.
            succeeded: True if the stage succeeded for another message of the bundle.
            canary: Runs the built-in request through the stage; raises if it fails.
            may_defer: True if the runner runs messages again whose decision is deferred.

        Raises:
            Undecided: The decision is deferred until the next failures or successes are known.
            EnvironmentFault: The canary failed too.
        """
        unexpected = {key: error for key, error in errors.items() if _is_unexpected(error)}
        if not (unexpected or succeeded):
            return
        with self._deciding:
            if succeeded:
                self._failed.clear()
                self._fault = None
            elif self._fault and time.monotonic() - self._fault_at < VALID:
                raise self._fault
            else:
                new = unexpected.keys() - self._held.keys()
                for message_id in new:
                    place = error_place(unexpected[message_id])
                    self._failed.setdefault(place, set()).add(message_id)
                enough = EQUAL_FAILURES if new else DEFERRED_FAILURES
                if not self._ask(canary, unexpected.keys(), enough) and new and may_defer:
                    self._hold({message_id: unexpected[message_id] for message_id in new})
                    raise Undecided(self._stage, "an unexpected failure waits for the next results")
            for message_id in unexpected:
                self._held.pop(message_id, None)

    def _ask(self, canary: Callable[[], object], messages: Collection[str], enough: int) -> bool:
        """Run the canary if a streak of the messages is long enough.

        Returns:
            Whether it ran and passed.
        """
        streaks = [
            (place, failed)
            for place, failed in self._failed.items()
            if len(failed) >= _enough(place, enough) and not failed.isdisjoint(messages)
        ]
        if not streaks:
            return False
        place, failed = streaks[0]
        try:
            canary()
        except Exception as error:
            log.error(log_events.CANARY, self._stage, "failed", len(failed), place)
            log.debug("because: %s", error, exc_info=error)
            self._fault = self._fault_of(error, len(failed), place)
            self._fault_at = time.monotonic()
            if self._fault is error:
                raise
            raise self._fault from error
        log.error(log_events.CANARY, self._stage, "passed", len(failed), place)
        self._failed.clear()
        return True

    def _fault_of(self, error: Exception, count: int, place: str) -> EnvironmentFault:
        fault = environment_fault(error)
        if fault:
            return fault
        own = error_place(error)
        detail = (
            f"{count} messages in a row failed with {place}, and the built-in request failed with "
            f"{own}"
        )
        if own.startswith(_OUT_OF_MEMORY):
            return WorkerFault("memory", f"{detail}; give this worker more memory")
        return ConfigurationFault(
            f"{self._stage} stage",
            f"{detail}; `vividly check` tests the engines, and --debug shows the error",
        )

    def _hold(self, errors: Mapping[str, Exception]) -> None:
        for message_id, error in errors.items():
            traceback.clear_frames(error.__traceback__)  # they refer to audio and pictures
            self._held[message_id] = error
        while len(self._held) > MAX_HELD:
            self._held.popitem(last=False)


def failure_streak(ledger: Ledger, stage: str) -> FailureStreak:
    """Return this process's failure streak of a stage."""
    return process_singleton(FailureStreak, ledger, stage)


def _enough(place: str, usual: int) -> int:
    """Return the number of failures at a place in the code that starts a canary."""
    return 1 if place.startswith(_JUDGED_AT_ONCE) else usual


def _is_unexpected(error: Exception) -> bool:
    suspicious = isinstance(error, CallRejected | ChildDied | CrashesWorker)
    return suspicious or not isinstance(error, ContentError | ClaimLost)
