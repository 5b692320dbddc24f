"""Layout of bar charts, line charts and number lines, drawn to scale."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import Palette
from transforms.video.draw.elements import Element, label
from transforms.video.draw.typeset import Block

_NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")
_NUMBERED_NAME = re.compile(r"(\D*?)([-−]?\d+(?:\.\d+)?)\s*(\D*)")
MIN_CURVE_POINTS = 4
"""Fewer points are drawn as bars."""
_TICKS = 4
_AXIS_WIDTH, _NAMES_HEIGHT = 84.0, 40.0
_LANE_HEIGHT, _LANES_ABOVE = 44.0, 3

Pair = tuple[str, str]


def plot(canvas: Canvas, pairs: Sequence[Pair], area: Box, palette: Palette) -> Element:
    """Lay out a curve if the labels are ascending numbers ("Day 5", "Day 10", …), else bars."""
    places = _ascending_numbers([name for name, _ in pairs])
    if places and len(places) >= MIN_CURVE_POINTS:
        return _curve(canvas, pairs, places, area, palette)
    return _bar_chart(canvas, pairs, area, palette)


def _bar_chart(canvas: Canvas, pairs: Sequence[Pair], area: Box, palette: Palette) -> Element:
    """Lay out one bar per number on a common scale that includes zero."""
    numbers = [_number(value) for _, value in pairs]
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    span = (high - low) or 1.0
    row = min(92.0, area.height / len(pairs))
    bar = min(18.0, row * 0.25)
    labels = [
        (label(canvas, name, area.width * 0.62), label(canvas, value, area.width * 0.36))
        for name, value in pairs
    ]

    def draw(on: Canvas) -> None:
        for i, ((name, value), number) in enumerate(zip(labels, numbers, strict=True)):
            y = area.y + i * row
            on.text(name, Box(area.x, y, area.width * 0.62, 40), palette.ink)
            on.text(
                value,
                Box(area.x + area.width * 0.64, y, area.width * 0.36, 40),
                palette.accent,
                "end",
            )
            track = Box(area.x, y + row * 0.42, area.width, bar)
            on.rounded(track, palette.line, bar / 2)
            start = (min(0.0, number) - low) / span * area.width
            length = max(bar, abs(number) / span * area.width)
            x = area.x + min(start, area.width - bar)
            on.rounded(Box(x, track.y, length, bar), palette.accent, bar / 2)

    return Element(Box(area.x, area.y, area.width, row * len(pairs)), draw)


def _curve(
    canvas: Canvas, pairs: Sequence[Pair], places: Sequence[float], area: Box, palette: Palette
) -> Element:
    """Lay out points joined by a line over two axes; the axis of values includes zero."""
    numbers = [_number(value) for _, value in pairs]
    ticks = round_ticks(min(0.0, *numbers), max(0.0, *numbers))
    low, span = ticks[0], (ticks[-1] - ticks[0]) or 1.0
    frame = Box(
        area.x + _AXIS_WIDTH,
        area.y + 16,
        area.width - _AXIS_WIDTH - 24,
        area.height - _NAMES_HEIGHT - 24,
    )
    width = frame.width / len(pairs)
    reach = (places[-1] - places[0]) or 1.0
    points = [
        (
            frame.x + 16 + (x - places[0]) / reach * (frame.width - 32),
            frame.bottom - (y - low) / span * frame.height,
        )
        for x, y in zip(places, numbers, strict=True)
    ]
    values = [
        (
            label(canvas, _tick_label(tick), _AXIS_WIDTH - 16, (18, 16)),
            frame.bottom - (tick - low) / span * frame.height,
        )
        for tick in ticks
    ]
    names = [label(canvas, name, width, (18, 16, 14)) for name, _ in pairs]

    def draw(on: Canvas) -> None:
        for value, y in values:
            on.rounded(Box(frame.x, y - 1, frame.width, 2), palette.line)
            on.text(value, Box(area.x, y - 13, _AXIS_WIDTH - 16, 28), palette.muted, "end")
        on.line(points, palette.accent, 5)
        free = area.x
        for name, (x, y) in zip(names, points, strict=True):
            on.disc(x, y, 8, palette.accent)
            left, wide = _centred(on, name, x, area)
            if left >= free:
                on.text(name, Box(left, frame.bottom + 10, wide, 30), palette.ink, "center")
                free = left + wide

    return Element(area, draw)


def number_line(canvas: Canvas, pairs: Sequence[Pair], area: Box, palette: Palette) -> Element:
    """Lay out named numbers at their positions on a line."""
    marks = sorted(((_number(value), name, value) for name, value in pairs), key=lambda m: m[0])
    ticks = round_ticks(marks[0][0], marks[-1][0])
    low, span = ticks[0], (ticks[-1] - ticks[0]) or 1.0
    inset = 30.0

    def at(number: float) -> float:
        return area.x + inset + (number - low) / span * (area.width - 2 * inset)

    texts = [
        label(canvas, f"{name} {_with_minus_sign(value)}".strip(), area.width / 3, (22, 20, 18, 16))
        for _, name, value in marks
    ]
    lanes = _assign_lanes([at(number) for number, _, _ in marks], canvas, texts, area)
    scale = [label(canvas, _tick_label(tick), area.width / len(ticks), (18, 16)) for tick in ticks]
    above = max(min(lane, _LANES_ABOVE - 1) for lane, _, _ in lanes) + 1
    below = max(lane - _LANES_ABOVE + 1 for lane, _, _ in lanes)
    axis = area.y + above * _LANE_HEIGHT + 14
    height = min(area.height, axis - area.y + 42 + max(0, below) * _LANE_HEIGHT)

    def draw(on: Canvas) -> None:
        on.rounded(Box(area.x, axis - 1.5, area.width, 3), palette.muted)
        for tick, text in zip(ticks, scale, strict=True):
            x = at(tick)
            on.rounded(Box(x - 1, axis - 8, 2, 16), palette.muted)
            left, wide = _centred(on, text, x, area)
            on.text(text, Box(left, axis + 10, wide, 28), palette.muted, "center")
        for (number, _, _), (lane, _, _) in zip(marks, lanes, strict=True):
            x, end = at(number), _lane_top(axis, lane) + 4
            on.rounded(Box(x - 1.25, min(axis, end), 2.5, abs(axis - end)), palette.accent)
            on.disc(x, axis, 10, palette.accent)
        for text, (lane, left, wide) in zip(texts, lanes, strict=True):
            y = _lane_top(axis, lane)
            on.rounded(Box(left, y, wide, _LANE_HEIGHT - 8), palette.tint, 10)
            on.text(text, Box(left, y, wide, _LANE_HEIGHT - 8), palette.ink, "center", middle=True)

    return Element(Box(area.x, area.y, area.width, height), draw)


def _centred(canvas: Canvas, text: Block, x: float, area: Box) -> tuple[float, float]:
    """Return left edge and width of a line of text centred on `x`, kept inside an area."""
    wide = min(area.width, text.width / canvas.scale + 24)
    return min(max(area.x, x - wide / 2), area.right - wide), wide


def _assign_lanes(
    xs: Sequence[float], canvas: Canvas, texts: Sequence[Block], area: Box
) -> list[tuple[int, float, float]]:
    """Return lane, left edge and width of each name, in the first lane where it overlaps no other.

    The first `_LANES_ABOVE` lanes are above the axis, counted upwards; the rest are below.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in range(2 * _LANES_ABOVE)]
    found = []
    for x, text in zip(xs, texts, strict=True):
        left, wide = _centred(canvas, text, x, area)
        free = [
            lane
            for lane, spans in enumerate(taken)
            if all(left + wide + 8 <= a or b + 8 <= left for a, b in spans)
        ]
        lane = free[0] if free else len(taken) - 1
        taken[lane].append((left, left + wide))
        found.append((lane, left, wide))
    return found


def _lane_top(axis: float, lane: int) -> float:
    if lane < _LANES_ABOVE:
        return axis - 14 - (lane + 1) * _LANE_HEIGHT
    return axis + 42 + (lane - _LANES_ABOVE) * _LANE_HEIGHT


def round_ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers (1, 2, 5, 10, …) from at most `low` to at least `high`."""
    if high <= low:
        high = low + 1.0
    rough = (high - low) / _TICKS
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _with_minus_sign(value: str) -> str:
    """Replace a leading hyphen with the minus sign, which is as wide as a digit."""
    return re.sub(r"^-(?=\d)", "−", value)


def _tick_label(number: float) -> str:
    return f"{number:,.6g}".replace("-", "−") if abs(number) < 1e6 else f"{number:.3g}"


def _ascending_numbers(names: Sequence[str]) -> list[float]:
    """Return the numbers of names that differ only in an ascending number; empty otherwise."""
    found = [_NUMBERED_NAME.fullmatch(name.strip()) for name in names]
    matches = [match for match in found if match]
    if len(matches) < len(names) or len({(m[1], m[3]) for m in matches}) != 1:
        return []
    numbers = [_number(match[2]) for match in matches]
    rising = all(a < b for a, b in pairwise(numbers))
    return numbers if rising else []


def _number(text: str) -> float:
    """Return the first number in a text; 0 if there is none or it is too large to draw."""
    found = _NUMBER.search(text)
    value = float(found[0].replace(",", "").replace("−", "-")) if found else 0.0
    return value if math.isfinite(value) and abs(value) < 1e15 else 0.0
