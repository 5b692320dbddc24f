"""Keeping a claim while a stage works: one heartbeat thread per process extends every lease."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from transforms.errors import ClaimLost, DependencyDown
from transforms.ledger import Ledger
from transforms.model import Lesson

log = logging.getLogger(__name__)

BEATS_PER_LEASE = 3
"""A lease survives this many missed heartbeats less one."""


@dataclass
class _Held:
    ledger: Ledger
    request_id: str
    lease: float
    lost: bool = False


_held: dict[str, _Held] = {}  # by claim token
_changed = threading.Condition()
_thread: threading.Thread | None = None


@contextmanager
def kept(ledger: Ledger, lesson: Lesson) -> Iterator[None]:
    """Extend the lesson's lease for as long as the block runs.

    Raises:
        ClaimLost: at the end of the block, when somebody else has taken the request over.
    """
    claim = lesson.claim
    held = _Held(ledger, lesson.request.request_id, claim.lease)
    with _changed:
        _held[claim.token] = held
        _start()
        _changed.notify()
    try:
        yield
    finally:
        with _changed:
            _held.pop(claim.token, None)
    if held.lost:
        raise ClaimLost(lesson.request.request_id)


@contextmanager
def handed_back(ledger: Ledger, lesson: Lesson) -> Iterator[None]:
    """Hand the claim back when a dependency is down: no worker dies of this delivery.

    A runner repeats what has failed for as long as it fails; were that counted, a long outage would
    make dead letters of good requests.
    """
    try:
        yield
    except DependencyDown:
        with suppress(DependencyDown):  # the ledger itself may be what is down
            ledger.release([lesson])
        raise


def confirm(ledger: Ledger, lesson: Lesson) -> None:
    """Extend the lease now.

    Raises:
        ClaimLost: the claim is somebody else's.
        DependencyDown: the ledger cannot be asked.
    """
    request_id = lesson.request.request_id
    if ledger.heartbeat([(request_id, lesson.claim.token)], lesson.claim.lease):
        raise ClaimLost(request_id)


def _start() -> None:
    global _thread
    if _thread is None or not _thread.is_alive():
        _thread = threading.Thread(target=_beat, name="lease-heartbeat", daemon=True)
        _thread.start()


def _beat() -> None:
    while True:
        with _changed:
            if not _held:
                _changed.wait()
                continue
            shortest = min(held.lease for held in _held.values())
            _changed.wait(shortest / BEATS_PER_LEASE)
            groups: dict[tuple[Ledger, float], dict[str, _Held]] = {}
            for token, held in _held.items():
                groups.setdefault((held.ledger, held.lease), {})[token] = held
        for (ledger, lease), members in groups.items():
            try:
                lost = ledger.heartbeat([(h.request_id, t) for t, h in members.items()], lease)
            except DependencyDown as down:
                log.warning("heartbeat: %s", down)
                continue
            for held in members.values():
                held.lost = held.lost or held.request_id in lost
