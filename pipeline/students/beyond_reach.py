"""Copies of a student's data that `erase` cannot delete, with the dates by which they expire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True)
class Place:
    """A kind of copy that `erase` cannot delete, and the date by which it has expired.

    Attributes:
        gone_by: Date from which it has none, if nothing new is published.
        what: The place.
    """

    gone_by: date
    what: str


def beyond_reach(
    now: datetime,
    messages: timedelta,
    backups: timedelta,
    soft_delete: timedelta,
    queue_lease: timedelta,
) -> Iterator[Place]:
    """Yield the kinds of copies that remain after an erasure, with their dates.

    Args:
        now: Time of the erasure.
        messages: Longest time for which a topic, subscription or snapshot keeps a message.
        backups: Time for which backups and the write-ahead log of Postgres are kept.
        soft_delete: Time for which the bucket keeps deleted files.
        queue_lease: Longest time for which a streaming job keeps an element in its shuffles.
    """
    for after, what in (
        (soft_delete, "deleted files that the bucket keeps (soft delete, versions)"),
        (backups, "backups and write-ahead log of Postgres; a restored one needs this run again"),
        (queue_lease, "elements in the shuffles of a streaming job (snapshots have an age limit)"),
        (messages, "messages in topics, subscriptions and snapshots: acknowledged ones, "
         "undeliverable ones, and copies of dead letters"),
    ):  # fmt: skip
        yield Place((now + after).date(), what)
