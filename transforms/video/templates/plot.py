"""Drawing of the template `plot`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import count, pairwise

from transforms.pictures.plot import Axis, Curve, Plot, Point, Points, at
from transforms.pictures.quantities import show_number
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour
from transforms.video.pictures.charts import round_ticks
from transforms.video.templates.hues import hue
from transforms.video.templates.shapes import Disc, Line, Rect, Shape, Shown, Text, View, of_range

_LEGEND, _NARROW, _ROW = 300.0, 700.0, 36.0
"""Width of the legend, width below which a plot has it above, and the height of a row there."""
_CHUNK = 20
"""Samples of one stretch of a curve; only the last one is drawn again while it grows."""

_BEND = 0.05
"""Design pixels by which a drawn curve may miss a sample."""

ToPixels = Callable[[float, float], Point]


def draw_plot(picture: Plot, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of axes, curves as far as they are traced, and computed points."""
    area = view.area
    narrow = area.width < _NARROW
    legend = _legend_room(picture, area, narrow=narrow)
    if narrow:
        top = legend.bottom + 16
        frame = Box(area.x + 64, top, area.width - 74, area.bottom - 36 - top)
    else:
        frame = Box(area.x + 64, area.y + 8, area.width - _LEGEND - 104, area.height - 44)

    def place(x: float, y: float) -> Point:
        across = (x - picture.x.low) / (picture.x.high - picture.x.low)
        up = (y - picture.y.low) / (picture.y.high - picture.y.low)
        return frame.x + across * frame.width, frame.bottom - up * frame.height

    yield from _axes(picture, frame, place, view)
    value = picture.value(dict(shown))
    moving = any(0 < shown[name] < 1 for name in picture.states)
    colours = (view.palette.accent, view.second, view.palette.muted)
    for curve, colour in _coloured(picture, colours, view):
        if picture.parameter and value != picture.parameter.start and shown[curve.id] == 1:
            yield from _curve(
                picture, curve, picture.parameter.start, 1.0, place, view.palette.line
            )
        if shown[curve.id]:
            yield from _curve(picture, curve, value, shown[curve.id], place, colour)
    for points in picture.points:
        seen = shown[points.id]
        for x, y in picture.places(points, value) if seen else ():
            yield from _point(picture, points, (x, y), place, frame, view, seen, moving)
    for data, colour in zip(picture.data, colours[1:], strict=False):
        for a, b in data.at:
            yield Disc(*place(a, b), 10 * of_range(shown[data.id], 0, 0.6), colour)
    yield from _legend(picture, value, colours, view, shown, legend)


def _coloured(
    picture: Plot, colours: Sequence[Colour], view: View
) -> Iterator[tuple[Curve, Colour]]:
    for curve, colour in zip(picture.curves, colours, strict=False):
        yield curve, hue(curve.hue, view.palette) if curve.hue else colour


def _axes(picture: Plot, frame: Box, place: ToPixels, view: View) -> Iterator[Shape]:
    palette = view.palette
    x0, y0 = place(
        min(max(0.0, picture.x.low), picture.x.high), min(max(0.0, picture.y.low), picture.y.high)
    )
    for tick in _ticks(picture.x):
        if picture.x.low <= tick <= picture.x.high:
            x, _ = place(tick, 0)
            yield Line(((x, frame.y), (x, frame.bottom)), palette.line, 1.5)
            text = show_number(tick, view.language)
            yield Text(text, Box(x - 40, frame.bottom + 4, 80, 30), palette.muted, 22)
    for tick in _ticks(picture.y):
        if picture.y.low <= tick <= picture.y.high:
            _, y = place(0, tick)
            yield Line(((frame.x, y), (frame.right, y)), palette.line, 1.5)
            text = show_number(tick, view.language)
            yield Text(text, Box(frame.x - 76, y - 15, 60, 30), palette.muted, 22, "end")
    if picture.x.numbers or picture.x.label:
        yield Line(((frame.x, y0), (frame.right, y0)), palette.muted, 3)
    if picture.y.numbers or picture.y.label:
        yield Line(((x0, frame.y), (x0, frame.bottom)), palette.muted, 3)


def _ticks(axis: Axis) -> Sequence[float]:
    return round_ticks(axis.low, axis.high) if axis.numbers else ()


def _curve(
    picture: Plot, curve: Curve, value: float, seen: float, place: ToPixels, colour: Colour
) -> Iterator[Shape]:
    samples = picture.sample(curve, value)
    samples = samples[: max(2, round(len(samples) * seen))]
    (x0, y0), (x1, y1) = place(0, 0), place(1, 1)
    scale = (x0, y0, x1 - x0, y1 - y0)
    yield from _lines(tuple(samples), picture.y.low, picture.y.high, scale, colour)


@lru_cache(maxsize=16)  # a curve that stands is the same in every frame
def _lines(
    samples: Sequence[Point],
    low: float,
    high: float,
    scale: tuple[float, float, float, float],
    colour: Colour,
) -> Sequence[Line]:
    x0, y0, across, up = scale
    lines = []
    for start in range(0, len(samples) - 1, _CHUNK):
        for run in _inside(samples[start : start + _CHUNK + 1], low, high):
            points = [(x0 + x * across, y0 + y * up) for x, y in run]
            lines.append(Line(_without_straight(points), colour, 6))
    return lines


def _without_straight(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return points without those that lie on the line between their neighbours."""
    kept = [points[0]]
    for (x, y), (x1, y1) in pairwise(points[1:]):
        x0, y0 = kept[-1]
        if abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) > _BEND * (x1 - x0):
            kept.append((x, y))
    return (*kept, points[-1])


def _inside(points: Sequence[Point], low: float, high: float) -> Iterator[list[Point]]:
    """Yield the stretches of a line between two heights, cut where it crosses them."""
    if all(low <= y <= high for _, y in points):
        yield list(points)
        return
    run: list[Point] = []
    for (x0, y0), (x1, y1) in pairwise(points):
        cuts = sorted(
            share
            for level in (low, high)
            if y0 != y1 and 0 < (share := (level - y0) / (y1 - y0)) < 1
        )
        for a, b in pairwise([0.0, *cuts, 1.0]):
            middle = y0 + (y1 - y0) * (a + b) / 2
            if not low <= middle <= high:
                if len(run) > 1:
                    yield run
                run = []
                continue
            if not run:
                run.append((x0 + (x1 - x0) * a, y0 + (y1 - y0) * a))
            run.append((x0 + (x1 - x0) * b, y0 + (y1 - y0) * b))
    if len(run) > 1:
        yield run


def _point(
    picture: Plot, points: Points, point: Point, place: ToPixels, frame: Box, view: View,
    seen: float, moving: bool,
) -> Iterator[Shape]:  # fmt: skip
    x, y = place(*point)
    if points.kind in ("meet", "at"):  # the values are read at the axes
        guide = view.fade(view.palette.ink, 0.5 * seen)
        yield Line(((frame.x, y), (x, y)), guide, 2.5)
        yield Line(((x, y), (x, frame.bottom)), guide, 2.5)
    yield Disc(x, y, 13 * of_range(seen, 0, 0.5), view.palette.ink)
    if moving or points.kind == "meet":
        return
    ink = view.fade(view.palette.ink, of_range(seen, 0.5, 1))
    text = at(point, view.language) if picture.read else points.label
    if points.kind == "at" or not picture.read:
        yield _beside(text, picture, points, point, (x, y), frame, ink)
        return
    above = y - frame.y > 60
    left = min(max(frame.x, x - 80), frame.right - 160)
    box = Box(left, y - 56 if above else y + 20, 160, 36)
    if seen > 0.5:
        wide = 14.0 * len(text)
        yield Rect(Box(box.x + (box.width - wide) / 2, box.y + 2, wide, 32),
                   view.palette.background, 8)  # fmt: skip
    yield Text(text, box, ink, 24)


def _beside(
    text: str, picture: Plot, points: Points, point: Point, place: Point, frame: Box, ink: Colour
) -> Text:
    """Return the label of a point above its curve: left of the point where the curve rises."""
    x, y = place
    curve = next(each for each in picture.curves if each.id in points.of)
    before = [at for at in picture.sample(curve, 0.0) if at[0] < point[0]]
    rises = len(before) > 1 and before[-2][1] < before[-1][1]
    left = max(frame.x, x - 186) if rises else min(x + 16, frame.right - 170)
    high = 36 if picture.read else 58
    box = Box(left, max(frame.y - 8, y - high - 10), 170, high)
    align = "end" if rises and x - 186 > frame.x else "start"
    return Text(text, box, ink, 24, align, lines=1 if picture.read else 2)


def _in_legend(picture: Plot, points: Points) -> bool:
    """Return whether the legend names points; without numbers at the axes, most are named there."""
    return bool(points.label) and (picture.read or points.kind == "meet")


def _legend_room(picture: Plot, area: Box, *, narrow: bool) -> Box:
    """Return the room of the legend: at the right, or above a narrow plot."""
    if not narrow:
        return Box(area.right - _LEGEND, area.y + 16, _LEGEND, area.height - 32)
    named = [points for points in picture.points if _in_legend(picture, points)]
    named += [points for points in picture.points if points.kind == "meet" and picture.read]
    marked = len(named) + sum(data.label != "" for data in picture.data)
    shown = picture.parameter is not None and picture.parameter.shown
    rows = len(picture.curves) + marked + shown
    return Box(area.x, area.y, area.width, (rows + 1) // 2 * _ROW)


def _legend(
    picture: Plot, value: float, colours: Sequence[Colour], view: View, shown: Shown, room: Box
) -> Iterator[Shape]:
    area, palette = view.area, view.palette
    narrow = room.y == area.y
    columns, row = (2, _ROW) if narrow else (1, 47.0)
    wide = room.width / columns
    places = (
        Box(room.x + at % columns * wide, room.y + at // columns * row, wide - 8, row)
        for at in count()
    )
    for curve, colour in _coloured(picture, colours, view):
        seen, place = shown[curve.id], next(places)
        if seen:
            yield Rect(Box(place.x, place.y + row / 2 - 4, 36, 8), view.fade(colour, seen), 4)
        box = Box(place.x + 50, place.y - 2, place.width - 50, row + 4)
        yield Text(curve.label, box, view.fade(palette.ink, seen), 26, "start", lines=2)
    if picture.parameter and picture.parameter.shown:
        text = f"{picture.parameter.name} = {show_number(round(value, 1), view.language)}"
        yield Text(text, next(places), palette.accent, 26 if narrow else 34, "start")
    for points in picture.points:
        ink = view.fade(palette.ink, shown[points.id])
        if _in_legend(picture, points):
            place = next(places)
            yield Disc(place.x + 18, place.y + row / 2, 11 * shown[points.id], palette.ink)
            box = Box(place.x + 50, place.y, place.width - 50, row)
            yield Text(points.label, box, ink, 26, "start")
        if points.kind == "meet" and picture.read:
            place = next(places)
            text = " ".join(at(point, view.language) for point in picture.places(points, value))
            box = Box(place.x + 50, place.y, place.width - 50, row)
            yield Text(text, box, ink, 26, "start")
    for data, colour in zip(picture.data, colours[1:], strict=False):
        if data.label:
            place, ink = next(places), view.fade(palette.ink, shown[data.id])
            yield Disc(place.x + 18, place.y + row / 2, 10 * shown[data.id], colour)
            box = Box(place.x + 50, place.y, place.width - 50, row)
            yield Text(data.label, box, ink, 26, "start")
    for text, axis_y in ((picture.y.label, area.bottom - 92), (picture.x.label, area.bottom - 52)):
        sign = "↑" if text is picture.y.label else "→"
        if text and not narrow:
            box = Box(room.x, axis_y, _LEGEND, 40)
            yield Text(f"{sign} {text}", box, palette.muted, 24, "start")
