"""How a page writes numbers and times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any


def seconds(value: float) -> str:
    """A duration with two or three digits that matter."""
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
    """US dollars; fractions of a cent matter as long as there are no dollars."""
    if value == 0:
        return "$0"
    if value < 0.00001:
        return "< $0.00001"
    return f"${value:,.2f}" if value >= 100 else f"${value:.{2 if value >= 10 else 5}f}"


def size(value: int) -> str:
    """Bytes, in thousands as disks count."""
    if value < 1000:
        return f"{value} B"
    return f"{value / 1000:.0f} KB" if value < 1_000_000 else f"{value / 1e6:.1f} MB"


def percent(value: float) -> str:
    """A share; only all is 100 %."""
    shown = value if value == 1 else min(round(value, 3), 0.999)
    return f"{shown * 100:.1f}".removesuffix(".0") + " %"


def plural(number: int, word: str) -> str:
    """`1 request`, `2 requests`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def moment(when: datetime) -> str:
    """To the second, in UTC."""
    return f"{when.astimezone(UTC):%-d %b %Y, %H:%M:%S} UTC"


def span(first: datetime, last: datetime) -> str:
    """From one moment to another, without saying twice what is the same."""
    first, last = first.astimezone(UTC), last.astimezone(UTC)
    if last - first < timedelta(seconds=1):
        return moment(first)
    if first.date() == last.date():
        return f"{first:%-d %b %Y, %H:%M:%S} – {last:%H:%M:%S} UTC"
    return f"{first:%-d %b %Y, %H:%M} – {last:%-d %b %Y, %H:%M} UTC"


FILTERS: dict[str, Callable[..., Any]] = {
    filter.__name__: filter for filter in (seconds, dollars, size, percent, plural, moment, span)
}
