"""Keeping a claim while a stage works: one heartbeat thread per process extends every lease."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from transforms.errors import ClaimLost, DependencyDown
from transforms.ledger import Ledger
from transforms.model import Lesson

log = logging.getLogger(__name__)

HEARTBEATS_PER_LEASE = 3
"""A lease survives this many missed heartbeats less one."""


@dataclass
class _Held:
    ledger: Ledger
    request_id: str
    lease: float
    due: float  # on the monotonic clock
    lost: bool = False


_held: dict[str, _Held] = {}  # by claim token
_changed = threading.Condition()
_thread: threading.Thread | None = None


@contextmanager
def heartbeats(ledger: Ledger, lessons: Sequence[Lesson]) -> Iterator[Callable[[Lesson], None]]:
    """Extend lessons' leases for as long as the block runs.

    Yields:
        A function that raises `ClaimLost` for a lesson that was found taken over by somebody else.
    """
    now = time.monotonic()
    ours = {
        lesson.claim.token: _Held(
            ledger,
            lesson.request.request_id,
            lesson.claim.lease,
            now + lesson.claim.lease / HEARTBEATS_PER_LEASE,
        )
        for lesson in lessons
    }

    def check(lesson: Lesson) -> None:
        if ours[lesson.claim.token].lost:
            raise ClaimLost(lesson.request.request_id)

    with _changed:
        _held.update(ours)
        _start()
        _changed.notify()
    try:
        yield check
    finally:
        with _changed:
            for token in ours:
                _held.pop(token, None)


@contextmanager
def release_on_outage(ledger: Ledger, lessons: Sequence[Lesson]) -> Iterator[None]:
    """Hand claims back when a dependency is down: no worker dies of these deliveries.

    A runner repeats what has failed for as long as it fails; were that counted, a long outage would
    make dead letters of good requests.
    """
    try:
        yield
    except DependencyDown:
        with suppress(DependencyDown):  # the ledger itself may be what is down
            ledger.release(lessons)
        raise


def confirm_claim(ledger: Ledger, lesson: Lesson) -> None:
    """Extend the lease now.

    Raises:
        ClaimLost: another worker has the claim, or the request has ended.
        DependencyDown: the ledger cannot be asked.
    """
    request_id = lesson.request.request_id
    lost = ledger.heartbeat([(request_id, lesson.claim.token)], lesson.claim.lease)
    # A request keeps its last claim's token when it ends.
    if lost or any(row.status != "running" for row in ledger.requests(request_id)):
        raise ClaimLost(request_id)


def _start() -> None:
    global _thread
    if _thread is None or not _thread.is_alive():
        _thread = threading.Thread(target=_beat, name="lease-heartbeat", daemon=True)
        _thread.start()


def _beat() -> None:
    while True:
        with _changed:
            now = time.monotonic()
            due = min((held.due for held in _held.values()), default=None)
            if due is None or due > now:
                _changed.wait(None if due is None else due - now)
                continue
            # Whoever is not due yet is taken along: one statement then does for all.
            groups: dict[tuple[Ledger, float], dict[str, _Held]] = {}
            for token, held in _held.items():
                held.due = now + held.lease / HEARTBEATS_PER_LEASE
                groups.setdefault((held.ledger, held.lease), {})[token] = held
        for (ledger, lease), members in groups.items():
            try:
                lost = ledger.heartbeat([(h.request_id, t) for t, h in members.items()], lease)
            except DependencyDown as down:
                log.warning("heartbeat: %s", down)
                continue
            except Exception:
                log.exception("heartbeat failed, which is a bug")
                continue
            for held in members.values():
                held.lost = held.lost or held.request_id in lost
