"""Parse points in time from the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

MAX_AGE = timedelta(days=36_500)
"""Longest age, a hundred years; Postgres has no times long before its calendar."""

SPANS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_age(text: str) -> timedelta:
    """Parse a time span of a day or more (``24h``, ``90d``, ``26w``).

    Raises:
        ValueError: The text is no such span.
    """
    age = _span(text) or timedelta()
    if not timedelta(days=1) <= age <= MAX_AGE:
        raise ValueError("must be a time span of at least one day, such as 90d or 26w")
    return age


def parse_since(text: str) -> datetime:
    """Parse an ISO 8601 time (local without an offset) or a time span ago (``2h``, ``3d``).

    Returns:
        The time in UTC.

    Raises:
        ValueError: The text is neither.
    """
    try:
        if (span := _span(text)) is not None:
            return datetime.now(UTC) - span
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            "must be a date or time such as 2026-05-31 or 2026-05-31T14:00, or a span such as 2h "
            "or 3d"
        ) from None


def _span(text: str) -> timedelta | None:
    span = re.fullmatch(r"([0-9]{1,6})([smhdw])", text)
    return timedelta(**{SPANS[span[2]]: int(span[1])}) if span else None
