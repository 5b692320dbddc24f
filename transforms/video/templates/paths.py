"""Arrows along a row of places, and dots that travel on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import hypot

from transforms.pictures.template import Template
from transforms.video.draw.design import Colour
from transforms.video.templates.shapes import Disc, Line, Point, Polygon, Shape, Shown

_STEPS = 10
"""Straight pieces between two places."""


def smooth(places: Sequence[Point]) -> tuple[Point, ...]:
    """Return a smooth line through places (a Catmull-Rom spline)."""
    if len(places) < 3:
        return tuple(places)
    ends = (places[0], *places, places[-1])
    line = [places[0]]
    for before, start, end, after in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for step in range(1, _STEPS + 1):
            t = step / _STEPS
            line.append(
                tuple(  # type: ignore[arg-type]
                    (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
                     + (3 * b - a - 3 * c + d) * t**3) / 2
                    for a, b, c, d in zip(before, start, end, after, strict=True)
                )
            )  # fmt: skip
    return tuple(line)


def length_of(line: Sequence[Point]) -> float:
    """Return the length of a line."""
    return sum(hypot(c - a, d - b) for (a, b), (c, d) in pairwise(line))


def part_of(line: Sequence[Point], start: float, end: float) -> tuple[Point, ...]:
    """Return the part of a line between two lengths from its beginning."""
    found: list[Point] = []
    passed = 0.0
    for (a, b), (c, d) in pairwise(line):
        long = hypot(c - a, d - b)
        if long and passed + long >= start and passed <= end:
            for at in (max(0.0, start - passed), min(long, end - passed)):
                point = (a + (c - a) * at / long, b + (d - b) * at / long)
                if not found or found[-1] != point:
                    found.append(point)
        passed += long
    return tuple(found)


def point_on(line: Sequence[Point], share: float) -> Point:
    """Return the point after a share of the length of a line."""
    whole = length_of(line)
    return (part_of(line, 0.0, share * whole) or line)[-1] if share > 0 else line[0]


def latest_travel(picture: Template, shown: Shown) -> tuple[list[str], float] | None:
    """Return the way on which the latest state sends a dot, and its share that has passed."""
    started = [
        name
        for name in picture.order()
        if name in picture.states and picture.verb(name)[0] == "travel" and shown[name] > 0
    ]
    return (picture.verb(started[-1])[1], shown[started[-1]]) if started else None


def travelling_dot(at: Point, radius: float, colour: Colour, ground: Colour) -> Iterator[Shape]:
    """Yield a dot with an edge that stands out from the drawing."""
    yield Disc(*at, radius + 4, ground)
    yield Disc(*at, radius, colour)


def flow_arrow(
    line: Sequence[Point], share: float, colour: Colour, halo: Colour, thickness: float, *,
    head: bool = True,
) -> Iterator[Shape]:  # fmt: skip
    """Yield an arrow along a share of a line, with an edge that stands out from the drawing."""
    length = length_of(line) * share
    if length < 2:
        return
    long_head = min(length, 2.6 * thickness) if head else 0.0
    shaft = part_of(line, 0.0, max(0.0, length - long_head * 0.8))
    tip = part_of(line, 0.0, length)[-1]
    foot = part_of(line, 0.0, length - long_head)[-1] if length > long_head else line[0]
    long = hypot(tip[0] - foot[0], tip[1] - foot[1]) or 1.0
    ux, uy = (tip[0] - foot[0]) / long, (tip[1] - foot[1]) / long
    for edge, paint in ((3.0, halo), (0.0, colour)):
        if len(shaft) > 1:
            yield Line(shaft, paint, thickness + 2 * edge)
        if not head:
            continue
        wide, back = 1.3 * thickness + 1.6 * edge, edge
        yield Polygon(
            (
                (tip[0] + ux * 1.8 * edge, tip[1] + uy * 1.8 * edge),
                (foot[0] - ux * back - uy * wide, foot[1] - uy * back + ux * wide),
                (foot[0] - ux * back + uy * wide, foot[1] - uy * back - ux * wide),
            ),
            paint,
        )
