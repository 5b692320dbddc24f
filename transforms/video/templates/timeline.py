"""Drawing of the template `timeline`."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.pictures.timeline import Timeline, shown_date, years
from transforms.video.draw.canvas import Box
from transforms.video.pictures.charts import round_ticks
from transforms.video.templates.event_labels import label_width, place_labels
from transforms.video.templates.shapes import (
    LETTER,
    Disc,
    Line,
    Rect,
    Shape,
    Shown,
    Text,
    View,
    of_range,
)

_AXIS, _WIDE_AXIS, _TICKS = 46.0, 72.0, 36.0
_OUTSIDE = 0.15
"""Largest part of the time by which a tick may lie outside it."""
_NARROW = 150.0
"""Width of a span that is too short for its label."""


def draw_timeline(picture: Timeline, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of an axis to scale, its spans, and its events above and below it."""
    area, palette = view.area, view.palette
    lows, highs = zip(*(peer.extent() for peer in view.alike(picture)), strict=True)
    low, high = min(lows), max(highs)
    ticks = _ticks(low, high, view.language)
    spread = _OUTSIDE * (high - low)
    ticks = {at: text for at, text in ticks.items() if low - spread <= at <= high + spread}
    low, high = min([low, *ticks]), max([high, *ticks])
    left, right = area.x + 46, area.right - 46

    def x(time: float) -> float:
        return left + (time - low) / (high - low) * (right - left)

    y = area.y + area.height / 2
    lanes = picture.lanes()
    tall = _AXIS if picture.events else _WIDE_AXIS
    axis = tall * max((lane + 1 for lane in lanes), default=1)
    yield Rect(Box(area.x, y - axis / 2, area.width, axis), palette.line, tall / 2)
    for at, (span, lane) in enumerate(zip(picture.spans, lanes, strict=True)):
        start, end = x(years(span.start)), x(years(span.end))
        colour = (palette.accent, view.second, palette.muted)[at]
        top, seen = y - axis / 2 + lane * tall, shown[span.id]
        yield Rect(Box(start, top, (end - start) * seen, tall), colour, tall / 2)
        text = span.text(view.language, seen)
        whole = 30 + LETTER * len(span.text(view.language))
        if end - start < (
            _NARROW if picture.events or lane else whole
        ):  # its label stands above the axis
            box = Box(
                min(max(area.x, (start + end) / 2 - 150), area.right - 300), top - 44, 300, 40
            )
            yield Text(text, box, view.fade(palette.ink, of_range(seen, 0.4, 1)), 26)
        elif seen > 0.9 or (span.lasts and seen > 0.4):
            ink = palette.on_accent if at == 0 else palette.background
            yield Text(text, Box(start + 8, top, (end - start) * seen - 16, tall), ink, 28)
    for tick, text in ticks.items():
        foot = y + axis / 2
        box = Box(x(tick) - 44, foot + 4, 88, _TICKS - 4)
        yield Line(((x(tick), foot - 8), (x(tick), foot)), palette.muted, 3)
        yield Text(text, box, palette.muted, 22)
    dates = [shown_date(event.when, view.language) for event in picture.events]
    widths = [min(label_width(date, event.label), (area.width - 12) / 2)
              for date, event in zip(dates, picture.events, strict=True)]  # fmt: skip
    xs = [x(years(event.when)) for event in picture.events]
    places = place_labels(zip(xs, widths, strict=True), area, axis)
    for event, date, at_x, (box, above) in zip(picture.events, dates, xs, places, strict=True):
        seen = shown[event.id]
        foot = y - axis / 2 if above else y + axis / 2
        stem_foot = foot if above else foot + _TICKS
        edge = box.bottom + 4 if above else box.y - 4
        stem = stem_foot + (edge - stem_foot) * of_range(seen, 0, 0.5)
        if seen:
            yield Line(((at_x, stem_foot), (at_x, stem)), palette.accent, 4)
        yield Disc(at_x, foot, 10 * of_range(seen, 0, 0.4), palette.ink)
        when = Box(box.x, box.y, box.width, 30)
        what = Box(box.x, box.y + 30, box.width, box.height - 30)
        fade = of_range(seen, 0.4, 1)
        yield Text(date, when, view.fade(palette.accent, fade), 24)
        yield Text(event.label, what, view.fade(palette.ink, fade), 26, lines=2)


def _ticks(low: float, high: float, language: str) -> dict[float, str]:
    """Return the times of the ticks with their labels: years, or months of less than a year."""
    if high - low >= 1:
        whole = [tick for tick in round_ticks(low, high) if tick == int(tick)]
        return {tick: shown_date(f"{tick or 1:.0f}", language) for tick in whole}
    months = (f"{year}-{month:02}" for year in (int(low), int(high)) for month in range(1, 13))
    inside = {years(month): month for month in months if low <= years(month) <= high}
    return {at: shown_date(month, language).removesuffix(f" {month[:-3]}")
            for at, month in inside.items()}  # fmt: skip
