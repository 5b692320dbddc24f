"""Lease renewal: one heartbeat thread per process renews the leases of all lessons in work."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from transforms.errors import ClaimLost, EnvironmentFault, WorkerFault
from transforms.ledger import Ledger
from transforms.model import EntryKey, Lesson
from transforms.process.supervision import SupervisedThread

log = logging.getLogger(__name__)

HEARTBEATS_PER_LEASE = 3
"""Heartbeats sent per lease; a claim survives one fewer missed heartbeats."""

STALE = 120.0
"""Seconds, beyond its waits, after which a heartbeat without progress counts as dead.

A frozen Postgres ends a statement after a minute."""

RESTARTS = 3
"""Times that a failed heartbeat thread is started again."""


@dataclass
class _Held:
    """A lease that this process's heartbeat renews."""

    ledger: Ledger
    lease: float
    due: float  # on the monotonic clock
    lost: bool = False


_held: dict[EntryKey, _Held] = {}
_unreleased: dict[tuple[Ledger, float], list[Lesson]] = {}  # by ledger and lease
_changed = threading.Condition()


@contextmanager
def heartbeats(ledger: Ledger, lessons: Sequence[Lesson]) -> Iterator[Callable[[Lesson], None]]:
    """Renew the leases of lessons during the block.

    Without its heartbeat a lease lapses and another worker takes the request over, so neither the
    block nor what follows it may run then.

    Args:
        ledger: Ledger that holds their claims.
        lessons: Lessons that entered a stage.

    Yields:
        A function that raises `ClaimLost` if a heartbeat found the lesson's claim lost, and
        `WorkerFault` if there are no heartbeats any more.

    Raises:
        WorkerFault: The heartbeat thread has failed too often.
    """
    _thread.start()
    _check_thread()
    now = time.monotonic()
    ours = {
        lesson.entry_key: _Held(
            ledger,
            lesson.claim.lease,
            now + lesson.claim.lease / HEARTBEATS_PER_LEASE,
        )
        for lesson in lessons
    }

    def check(lesson: Lesson) -> None:
        _check_thread()
        if ours[lesson.entry_key].lost:
            raise ClaimLost(lesson.request.request_id)

    with _changed:
        _held.update(ours)
        _changed.notify_all()
    try:
        yield check
    finally:
        with _changed:
            for key in ours:
                _held.pop(key, None)


@contextmanager
def release_on_outage(
    ledger: Ledger, lessons: Sequence[Lesson], queue_lease: float | None = None
) -> Iterator[None]:
    """Release the lessons' claims if an `EnvironmentFault` ends the block.

    The runner repeats a failed bundle until the fault is repaired. Entries that are closed so do
    not count as deaths, so a long outage does not turn valid requests into dead letters.

    Args:
        ledger: Ledger that holds the claims.
        lessons: Lessons that entered a stage.
        queue_lease: Seconds until another message may claim them, because the runner keeps the
            elements; None for at once.

    Raises:
        EnvironmentFault: As raised in the block.
    """
    try:
        yield
    except EnvironmentFault:
        with suppress(EnvironmentFault):  # the ledger itself may be at fault
            _release(ledger, lessons, queue_lease or 0.0)
        raise


def release_late(ledger: Ledger) -> None:
    """Release claims that could not be released during an outage of the ledger.

    Raises:
        DependencyDown: The ledger still cannot be reached.
    """
    with _changed:
        late = {key: _unreleased.pop(key) for key in list(_unreleased) if key[0] == ledger}
    for (_, lease), lessons in late.items():
        _release(ledger, lessons, lease)


def _release(ledger: Ledger, lessons: Sequence[Lesson], lease: float) -> None:
    try:
        ledger.release(lessons, lease)
    except EnvironmentFault:
        with _changed:
            _unreleased.setdefault((ledger, lease), []).extend(lessons)
        raise


def confirm_claim(ledger: Ledger, lesson: Lesson) -> None:
    """Renew a lesson's lease at once; raise if its claim is lost.

    Raises:
        ClaimLost: Another worker has entered or holds the claim, or the request has ended.
        DependencyDown: The ledger cannot be reached.
    """
    if ledger.heartbeat([lesson.entry_key], lesson.claim.lease):
        raise ClaimLost(lesson.request.request_id)


def _check_thread() -> None:
    failure = _thread.failure()
    if failure:
        raise WorkerFault("heartbeats", f"{failure}; restart this worker")


def _beat() -> None:
    while True:
        with _changed:
            now = time.monotonic()
            due = min((held.due for held in _held.values()), default=None)
            _thread.stamp(math.inf if due is None else max(0.0, due - now))
            if due is None or due > now:
                _changed.wait(None if due is None else due - now)
                continue
            # Renew all leases in one statement, including those not yet due.
            groups: dict[tuple[Ledger, float], dict[EntryKey, _Held]] = {}
            for key, held in _held.items():
                held.due = now + held.lease / HEARTBEATS_PER_LEASE
                groups.setdefault((held.ledger, held.lease), {})[key] = held
        for (ledger, lease), members in groups.items():
            _thread.stamp()
            try:
                lost = ledger.heartbeat(list(members), lease)
            except EnvironmentFault as fault:
                log.warning("heartbeat could not renew leases: %s", fault)
                continue
            except Exception:
                log.exception("heartbeat failed due to a bug")
                continue
            for key, held in members.items():
                held.lost = held.lost or key in lost


_thread = SupervisedThread("lease heartbeat", _beat, STALE, RESTARTS)
