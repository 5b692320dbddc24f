"""Formatting of numbers and times for a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from transforms.text.language import is_rtl_language


def seconds(value: float) -> str:
    """Format a duration with two or three significant digits."""
    if value < 0.01:
        return f"{value * 1000:.0f} ms"
    if value < 1:
        return f"{value:.2f} s"
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 120 else f"{value / 3600:.1f} h"


def dollars(value: float) -> str:
    """Format US dollars; small amounts show fractions of a cent."""
    if value == 0:
        return "$0"
    if value < 0.00001:
        return "< $0.00001"
    return f"${value:,.2f}" if value >= 100 else f"${value:.{2 if value >= 10 else 5}f}"


def size(value: int) -> str:
    """Format bytes in powers of 1000."""
    if value < 1000:
        return f"{value} B"
    return f"{value / 1000:.0f} KB" if value < 1_000_000 else f"{value / 1e6:.1f} MB"


def percent(value: float) -> str:
    """Format a share; only 1.0 is shown as 100 %."""
    shown = value if value == 1 else min(round(value, 3), 0.999)
    return f"{shown * 100:.1f}".removesuffix(".0") + " %"


def plural(number: int, word: str) -> str:
    """Format a count with its noun: `1 request`, `2 requests`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def moment(when: datetime) -> str:
    """Format a time to the second, in UTC."""
    return f"{when.astimezone(UTC):%-d %b %Y, %H:%M:%S} UTC"


def span(first: datetime, last: datetime) -> str:
    """Format a time span, without repeating equal parts."""
    first, last = first.astimezone(UTC), last.astimezone(UTC)
    if last - first < timedelta(seconds=1):
        return moment(first)
    if first.date() == last.date():
        return f"{first:%-d %b %Y, %H:%M:%S} – {last:%H:%M:%S} UTC"
    return f"{first:%-d %b %Y, %H:%M} – {last:%-d %b %Y, %H:%M} UTC"


def direction(language: str) -> str:
    """Return the value of `dir` for text in a BCP-47 language."""
    return "rtl" if is_rtl_language(language) else "ltr"


FILTERS: dict[str, Callable[..., Any]] = {
    filter.__name__: filter
    for filter in (seconds, dollars, size, percent, plural, moment, span, direction)
}
