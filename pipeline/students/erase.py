"""Erase a student: the ledger first, then the files, then the caches of this machine.

Each step can be repeated, so an interrupted erasure is continued by running it again. Requests that
a worker processes now are cancelled first; they are waited for, up to a limit, and erased when
their worker has stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from transforms.ledger import care, tombstones
from transforms.ledger import erase as ledger_erase

if TYPE_CHECKING:
    from transforms.artifacts import ArtifactStore
    from transforms.ledger import Ledger
    from transforms.video.encode.segment_cache import SegmentCache

POLL = 0.5
"""Seconds between looks at requests whose workers have not stopped yet."""


@dataclass(frozen=True)
class Erased:
    """Counts of what was erased, or would be.

    Attributes:
        requests: Number of requests.
        dead_letters: Number of dead letters.
        files: Number of files in the artifact store.
        segments: Number of rendered scenes in the cache of this machine, those of others too.
        live: Requests left, because a worker still processes them.
        live_until: When their leases end, if their workers have died; None without any.
        sweep_at: From when on files of late writers have to be deleted once more; None if never.
    """

    requests: int = 0
    dead_letters: int = 0
    files: int = 0
    segments: int = 0
    live: int = 0
    live_until: datetime | None = None
    sweep_at: datetime | None = None


def preview(ledger: Ledger, store: ArtifactStore, student: str) -> Erased:
    """Count what `erase` would delete, except rendered segments; change nothing."""
    found = ledger_erase.find(ledger, student)
    files = sum(store.count(row.request_id) for row in ledger.requests(student=student, limit=None))
    letters = len(ledger_erase.letter_numbers(ledger, student))
    return Erased(found.requests, letters, files, 0, found.live, found.live_until)


def erase(
    ledger: Ledger,
    store: ArtifactStore,
    cache: SegmentCache,
    student: str,
    hold: timedelta,
    wait: float,
) -> Erased:
    """Erase a student's rows, files and cached segments.

    Args:
        ledger: Ledger, opened as the owner of its tables.
        store: Artifact store of all jobs.
        cache: Cache of rendered scenes on this machine; it is emptied, because its files do not
            tell whose they are.
        student: The student's id.
        hold: Time for which a message of the student may still be delivered.
        wait: Seconds to wait for workers that process a request of the student.
    """
    deadline = time.monotonic() + wait
    done = Erased()
    while True:
        for part in _erase_rows(ledger, student, hold):
            done = replace(
                done,
                requests=done.requests + part.requests,
                dead_letters=done.dead_letters + part.dead_letters,
            )
        done = replace(done, files=done.files + _sweep(ledger, store))
        found = ledger_erase.find(ledger, student)
        if not found.requests or time.monotonic() >= deadline:
            break
        _wait_for_worker(ledger, student, found.live, deadline)
    return replace(
        done,
        segments=cache.clear(),
        live=found.requests,
        live_until=found.live_until,
        sweep_at=tombstones.sweep_again_at(ledger),
    )


def _wait_for_worker(ledger: Ledger, student: str, live: int, deadline: float) -> None:
    """Wait until a request can be erased, or fewer than `live` ones are claimed."""
    while time.monotonic() < deadline:
        now = ledger_erase.find(ledger, student)
        if now.requests > now.live or now.live < live:
            return
        time.sleep(POLL)


def _erase_rows(ledger: Ledger, student: str, hold: timedelta) -> Iterator[Erased]:
    ledger_erase.mark(ledger, student, hold)
    for requests, letters in ledger_erase.erase_requests(ledger, student):
        yield Erased(requests, letters)
    for letters in ledger_erase.erase_letters(ledger, student):
        yield Erased(dead_letters=letters)
    ledger_erase.erase_usage(ledger, student)
    care.erase(ledger, student)


def _sweep(ledger: Ledger, store: ArtifactStore) -> int:
    """Delete the files of erased requests, also of earlier erasures with files left."""
    deleted = 0
    for request_ids in tombstones.unswept(ledger):
        deleted += sum(map(store.erase, request_ids))
        tombstones.swept(ledger, request_ids)
    return deleted
