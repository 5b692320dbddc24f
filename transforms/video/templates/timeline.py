"""Drawing of the template `timeline`."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.pictures.timeline import Timeline, shown_date, years
from transforms.video.draw.canvas import Box
from transforms.video.pictures.charts import round_ticks
from transforms.video.templates.shapes import Disc, Line, Rect, Shape, Shown, Text, View, of_range

_WIDEST, _TALL = 280.0, 82.0
_AXIS, _TICKS = 46.0, 36.0


def draw_timeline(picture: Timeline, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of an axis to scale, its spans, and its events above and below it."""
    area, palette = view.area, view.palette
    peers = [peer for peer in view.peers if isinstance(peer, Timeline)] or [picture]
    lows, highs = zip(*(peer.extent() for peer in peers), strict=True)
    low, high = min(lows), max(highs)
    ticks = [tick for tick in round_ticks(low, high) if tick == int(tick)]
    low, high = min(low, *ticks[:1]), max(high, *ticks[-1:])
    left, right = area.x + 46, area.right - 46

    def x(time: float) -> float:
        return left + (time - low) / (high - low) * (right - left)

    y = area.y + area.height / 2
    yield Rect(Box(area.x, y - _AXIS / 2, area.width, _AXIS), palette.line, _AXIS / 2)
    for at, span in enumerate(picture.spans):
        start, end = x(years(span.start)), x(years(span.end))
        colour = palette.accent if at == 0 else view.second
        wide = (end - start) * shown[span.id]
        yield Rect(Box(start, y - _AXIS / 2, wide, _AXIS), colour, _AXIS / 2)
        ink = view.fade(palette.on_accent, 1) if at == 0 else palette.background
        if shown[span.id] > 0.9 and end - start > 120:
            yield Text(span.label, Box(start + 8, y - _AXIS / 2, end - start - 16, _AXIS), ink, 26)
    for tick in ticks:
        box = Box(x(tick) - 44, y + _AXIS / 2 + 4, 88, _TICKS - 4)
        yield Line(((x(tick), y + _AXIS / 2 - 8), (x(tick), y + _AXIS / 2)), palette.muted, 3)
        yield Text(shown_date(f"{tick:.0f}", view.language), box, palette.muted, 22)
    places = _places([x(years(event.when)) for event in picture.events], area)
    for event, (box, above) in zip(picture.events, places, strict=True):
        seen = shown[event.id]
        at_x = x(years(event.when))
        foot = y - _AXIS / 2 if above else y + _AXIS / 2
        stem_foot = foot if above else foot + _TICKS
        edge = box.bottom + 4 if above else box.y - 4
        stem = stem_foot + (edge - stem_foot) * of_range(seen, 0, 0.5)
        if seen:
            yield Line(((at_x, stem_foot), (at_x, stem)), palette.accent, 4)
        yield Disc(at_x, foot, 10 * of_range(seen, 0, 0.4), palette.ink)
        when = Box(box.x, box.y, box.width, 30)
        what = Box(box.x, box.y + 30, box.width, box.height - 30)
        fade = of_range(seen, 0.4, 1)
        yield Text(shown_date(event.when, view.language), when, view.fade(palette.accent, fade), 24)
        yield Text(event.label, what, view.fade(palette.ink, fade), 26, lines=2)


def _places(xs: list[float], area: Box) -> list[tuple[Box, bool]]:
    """Return a box for each label, and whether it is above the axis; boxes do not overlap."""
    height, wide = (area.height - _AXIS) / 2, min(_WIDEST, (area.width - 12) / 2)
    lanes = [
        (area.y + height - _TALL - 20, True),
        (area.bottom - _TALL - 4, False),
        (area.y - 6, True),
    ]
    ends = [float("-inf")] * len(lanes)
    found = []
    for number, at in enumerate(xs):
        sides = (1, 0, 2) if number % 2 else (0, 1, 2)
        left = min(max(area.x, at - wide / 2), area.right - wide)
        lane = next((n for n in sides if ends[n] + 12 <= left), None)
        if lane is None:
            lane = min(range(len(lanes)), key=ends.__getitem__)
            left = min(ends[lane] + 12, area.right - wide)
        ends[lane] = left + wide
        top, above = lanes[lane]
        found.append((Box(left, top, wide, _TALL), above))
    return found
