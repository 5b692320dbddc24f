"""Parse points in time from the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

SPANS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_age(text: str) -> timedelta:
    """Parse a time span of a day or more (``24h``, ``90d``, ``26w``).

    Raises:
        ValueError: The text is no such span.
    """
    span = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    age = timedelta(**{SPANS[span[2]]: int(span[1])}) if span else timedelta()
    if age < timedelta(days=1):
        raise ValueError("must be a time span of at least one day, such as 90d or 26w")
    return age


def parse_since(text: str) -> datetime:
    """Parse an ISO 8601 time (local without an offset) or a time span ago (``2h``, ``3d``).

    Returns:
        The time in UTC.

    Raises:
        ValueError: The text is neither.
    """
    span = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    try:
        if span:
            return datetime.now(UTC) - timedelta(**{SPANS[span[2]]: int(span[1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            "must be a date or time such as 2026-05-31 or 2026-05-31T14:00, or a span such as 2h "
            "or 3d"
        ) from None
