"""Renew, release and queue claimed requests, one statement per batch."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text
from transforms.ledger.statements import CLOSE_ENTRIES, HEARTBEAT, RELEASE
from transforms.model import EntryKey, Lesson


def heartbeat(database: Database, entries: Sequence[EntryKey], lease: float) -> set[EntryKey]:
    """Extend the leases of lessons whose entries are still current.

    Args:
        entries: keys of the entries.
        lease: seconds from now.

    Returns:
        The entries that are lost.
    """
    if not entries:
        return set()
    items = [key._asdict() for key in entries]
    rows = database.run(HEARTBEAT, items=json_text(items), lease=lease)
    return set(entries) - {EntryKey(r["request_id"], r["token"], r["entry"]) for r in rows}


def release(database: Database, lessons: Sequence[Lesson], lease: float = 0.0) -> set[str]:
    """Release claims at a shutdown or outage, so that they can be resumed or taken over.

    For a shutdown, or when a dependency is down. Also closes the entries.

    Args:
        lease: seconds until another message may claim them.

    Returns:
        The request ids whose entries were still held.
    """
    return _leave(database, lessons, lease, None)


def queue(database: Database, lessons: Sequence[Lesson], lease: float, stage: str) -> set[str]:
    """Queue requests for the next step, which enters its stage by itself after a shuffle.

    Args:
        lease: seconds until another message may claim them.
        stage: name of that step.

    Returns:
        The request ids whose entries were still held.
    """
    return _leave(database, lessons, lease, stage)


def _leave(
    database: Database, lessons: Sequence[Lesson], lease: float, stage: str | None
) -> set[str]:
    if not lessons:
        return set()
    items = json_text([lesson.entry_key._asdict() for lesson in lessons])
    held = database.run(RELEASE, items=items, lease=lease, stage=stage)
    return {row["request_id"] for row in held}


def close_entries(database: Database, message_ids: Sequence[str]) -> None:
    """Close the latest entry of messages that are nacked or repeated, so it counts as no death.

    For messages that are processed again, or nacked.
    """
    if message_ids:
        database.run(CLOSE_ENTRIES, message_ids=json_text(list(message_ids)))
