"""Template `timeline`: events and spans, to scale."""

from __future__ import annotations

import re
from calendar import isleap, month_name, monthrange
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints

from transforms.pictures.quantities import Quantity, same, show
from transforms.pictures.template import Label, Name, Part, Template
from transforms.text.language import primary_subtag

_DATE = re.compile(r"(-?\d{1,4})(?:-(\d\d))?(?:-(\d\d))?")


def _is_date(text: str) -> str:
    match = _DATE.fullmatch(text)
    if match is None or not 1 <= int(match[2] or 1) <= 12:
        raise ValueError("must be a year, a month (1914-06) or a day (1914-06-28)")
    days = monthrange(max(1, abs(int(match[1]))), int(match[2] or 1))[1]
    if not 1 <= int(match[3] or 1) <= days:
        raise ValueError("must be a day of the calendar")
    return text


When = Annotated[str, StringConstraints(max_length=12), AfterValidator(_is_date)]
"""``1914``, ``1914-06`` or ``1914-06-28``; a year before the common era is negative."""


def years(when: str) -> float:
    """Return a date as a number of years."""
    match = _DATE.fullmatch(when)
    assert match is not None
    year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
    if year < 1 or not match[2]:
        return float(year)
    passed = (date(year, month, day) - date(year, 1, 1)).days
    return year + passed / (366 if isleap(year) else 365)


class Event(Part):
    """Something that happened at one time."""

    id: Name
    when: When
    label: Label


class Span(Part):
    """Something that lasted; ``lasts`` is the duration that the writer states, and is shown."""

    STATED: ClassVar[frozenset[str]] = frozenset({"lasts"})

    id: Name
    start: When
    end: When
    label: Label
    lasts: Quantity | None = None

    def text(self, language: str, share: float = 1.0) -> str:
        """Return the label, with the part of the duration that has passed."""
        if self.lasts is None:
            return self.label
        passed = Quantity(round(self.lasts.number * share), self.lasts.unit)
        return f"{self.label}: {show(passed if share < 1 else self.lasts, language)}"


class Timeline(Template):
    """Events and spans on one axis of time."""

    template: Literal["timeline"]
    events: Annotated[tuple[Event, ...], Field(max_length=6)] = ()
    spans: Annotated[tuple[Span, ...], Field(max_length=3)] = ()

    def elements(self) -> Sequence[str]:
        return [*(span.id for span in self.spans), *(event.id for event in self.events)]

    def labels(self, language: str = "en") -> Iterator[str]:
        for event in self.events:
            yield f"{shown_date(event.when, language)}: {event.label}"
        for span in self.spans:
            start, end = (shown_date(when, language) for when in (span.start, span.end))
            yield f"{start} – {end}: {span.text(language)}"

    def extent(self) -> tuple[float, float]:
        """Return first and last time in years."""
        times = [years(event.when) for event in self.events]
        times += [years(when) for span in self.spans for when in (span.start, span.end)]
        return min(times), max(times)

    def lanes(self) -> list[int]:
        """Return the lane of each span; spans that overlap stand in different lanes."""
        ends: list[float] = []
        lanes: dict[str, int] = {}
        for span in sorted(self.spans, key=lambda span: years(span.start)):
            start = years(span.start)
            lane = next((n for n, end in enumerate(ends) if end <= start), len(ends))
            ends[lane:] = [years(span.end), *ends[lane + 1 :]]
            lanes[span.id] = lane
        return [lanes[span.id] for span in self.spans]

    def problems(self) -> Iterator[str]:
        if len(self.events) + 2 * len(self.spans) < 2 or len(set(self.extent())) < 2:
            yield "needs two different times"
            return
        times = [years(event.when) for event in self.events]
        if any(one > other for one, other in pairwise(times)):
            yield "events must be in order"
        for span in self.spans:
            lasted = years(span.end) - years(span.start)
            if lasted <= 0:
                yield "a span must end after its start"
            elif span.lasts:
                unit = {"years": 1, "months": 12, "days": 365.25}.get(span.lasts.unit)
                if unit is None:
                    yield "a duration is in years, months or days"
                elif not same(span.lasts.number, lasted * unit) and (
                    abs(span.lasts.number - lasted * unit) > 1
                ):
                    yield "the stated duration differs from that of the dates"


def shown_date(when: str, language: str) -> str:
    """Return a date as a label; in English with the name of the month, or BCE."""
    match = _DATE.fullmatch(when)
    assert match is not None
    year, month, day = match[1].replace("-", "−"), match[2], match[3]
    if year.startswith("−") and primary_subtag(language) == "en":
        return f"{year[1:]} BCE"
    if not month or primary_subtag(language) != "en":
        return when.replace("-", "−", when.startswith("-"))
    name = month_name[int(month)]
    return f"{name} {int(day)}, {year}" if day else f"{name} {year}"
