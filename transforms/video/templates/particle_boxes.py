"""Drawing of particles in boxes: states of matter, and kinds on both sides of a membrane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import pi, sin, sqrt

from transforms.pictures.particle_parts import Container, Halves, Kind, Matter
from transforms.pictures.particles import Particles
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour, mix
from transforms.video.templates.shapes import (
    Disc,
    Point,
    Rect,
    Shape,
    Shown,
    Text,
    View,
    ease,
    of_range,
)

_LABEL = 50.0
_SHAKE = 0.24
"""How far a particle of a solid leaves its place, in radii."""
_WALL = 5.0
_LEGEND, _NARROW = 340.0, 700.0
"""Room for names beside a box, and the width below which they stand under it."""
_SCATTER = 0.7548776662466927, 0.5698402909980532
"""Steps whose multiples, without their whole parts, lie evenly in a square."""
_PIECES = 7
"""Pieces of a membrane; particles pass between them."""


def draw_boxes(picture: Particles, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the boxes with their particles, each with the name of its state below."""
    area, count = view.area, len(picture.boxes)
    gap = 44.0
    width = min(420.0, (area.width - gap * (count - 1)) / count)
    left = area.x + (area.width - width * count - gap * (count - 1)) / 2
    for at, box in enumerate(picture.boxes):
        place = Box(left + at * (width + gap), area.y, width, area.height - _LABEL)
        yield from _container(picture, box, place, view, shown)


def _container(
    picture: Particles, box: Container, place: Box, view: View, shown: Shown
) -> Iterator[Shape]:
    seen = shown[box.id]
    wall = view.fade(view.palette.muted, seen)
    yield Rect(place, wall, 16)
    inner = place.inset(_WALL)
    yield Rect(inner, view.palette.background, 12)
    most = max(peer.number for peer in view.alike(picture))
    radius = 0.5 * sqrt(inner.width * inner.height * 0.26 / most)
    matters = picture.matters(box)
    points = _points(matters[0][1], picture.number, inner.width, inner.height, radius)
    now, turning = matters[0][1], 1.0
    for state, matter in matters[1:]:
        if shown[state]:
            target = _points(matter, picture.number, inner.width, inner.height, radius)
            points = tuple(
                _between(a, b, shown[state]) for a, b in zip(points, target, strict=True)
            )
            now, turning = matter, shown[state]
    for name in picture.states:
        if picture.verb(name) == ("move", [box.id]) and 0 < shown[name] < 1:
            points = tuple(
                _moved(now, at, point, shown[name], inner, radius)
                for at, point in enumerate(points)
            )
    colour = view.fade(view.palette.accent, seen)
    for x, y in points:
        yield Disc(inner.x + x, inner.y + y, radius, colour)
    label = box.name(now)
    below = Box(place.x, place.bottom + 6, place.width, _LABEL - 6)
    yield Text(label, below, view.fade(view.palette.ink, seen * of_range(turning, 0.5, 1)), 34)


@lru_cache(maxsize=64)
def _points(
    matter: Matter, number: int, width: float, height: float, radius: float
) -> tuple[Point, ...]:
    """Return the places of particles in a box: a crystal, a pool or the whole room."""
    if matter == "solid":
        columns = round(sqrt(number * 1.5))
        return _rows(number, columns, 2.06 * radius, 1.8 * radius, 0.0, width, height, radius)
    if matter == "gas":
        points = _spread(number, width, height, radius, 3.0)
    else:
        rows = max(1, round(number * 2.3 * radius / (width - 2 * radius)))
        columns = -(-number // rows)
        step = (width - 2.6 * radius) / columns
        points = _rows(number, columns, step, 1.95 * radius, 0.2 * radius, width, height, radius)
    # Particles keep their order from left to right, so that they do not cross while they change.
    crystal = _points("solid", number, width, height, radius)
    order = sorted(range(number), key=lambda at: crystal[at])
    placed = dict(zip(order, sorted(points), strict=True))
    return tuple(placed[at] for at in range(number))


def _rows(
    number: int, columns: int, step: float, rise: float, jitter: float, width: float,
    height: float, radius: float,
) -> tuple[Point, ...]:  # fmt: skip
    """Return places in rows from the bottom up, shifted in turn; the last row is spread out."""
    left = (width - (columns - 1) * step) / 2
    full, rest = divmod(number, columns)
    points = []
    for at in range(number):
        row, column = divmod(at, columns)
        across = 0.25 if row % 2 else -0.25
        spread = columns / rest if jitter and row == full else 1.0
        x = left + ((column + 0.5) * spread - 0.5 + across) * step + jitter * _wave(at, 2)
        y = height - radius * 1.04 - row * rise + jitter * (_wave(at, 3) - 0.6)
        points.append((min(max(x, radius), width - radius), min(y, height - radius)))
    return tuple(points)


def _spread(
    number: int, width: float, height: float, radius: float, apart: float
) -> tuple[Point, ...]:
    """Return places all over a room, at least some radii apart if they fit."""
    points: list[Point] = []
    at = 0
    while len(points) < number:
        at += 1
        x = radius + _halton(at, 2) * (width - 2 * radius)
        y = radius + _halton(at, 3) * (height - 2 * radius)
        near = apart * radius * max(0.2, 1 - at / (40 * number))
        if all((x - a) ** 2 + (y - b) ** 2 >= near * near for a, b in points):
            points.append((x, y))
    return tuple(points)


def _halton(index: int, base: int) -> float:
    """Return a number of an evenly scattered sequence, 0-1; it holds no chance."""
    result, share = 0.0, 1.0
    while index:
        share /= base
        result += share * (index % base)
        index //= base
    return result


def _wave(index: int, base: int) -> float:
    return 2 * _halton(index + 1, base) - 1


def _between(one: Point, other: Point, share: float) -> Point:
    return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share


def _moved(matter: Matter, at: int, point: Point, time: float, inner: Box, radius: float) -> Point:
    """Return where a particle is after a share of the time; it comes back to its place."""
    x, y = point
    if matter == "gas":
        return (
            _reflected(x, time, 1 + at % 2, at % 3 > 0, radius, inner.width - radius),
            _reflected(y, time, 1 + at // 2 % 2, at % 5 > 1, radius, inner.height - radius),
        )
    far = _SHAKE * radius
    x += far * sin(2 * pi * time * (9 + at % 4)) * (1 if at % 2 else -1)
    y += far * sin(2 * pi * time * (8 + at % 5)) * (1 if at % 3 else -1)
    if matter == "liquid":
        row = round((inner.height - point[1]) / (1.95 * radius))
        x += 2.4 * radius * sin(2 * pi * time * 2) * (1 if row % 2 else -1)
    return (
        min(max(x, radius), inner.width - radius),
        min(max(y, radius), inner.height - radius),
    )


def _reflected(
    start: float, time: float, rounds: int, forward: bool, low: float, high: float
) -> float:
    """Return a coordinate of a straight flight between two walls, `rounds` times back and forth."""
    room = high - low
    way = (start - low) + (1 if forward else -1) * time * rounds * 2 * room
    way %= 2 * room
    return low + (way if way <= room else 2 * room - way)


def draw_membrane(picture: Particles, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield a box in two halves, the kinds of particles on both sides, and their numbers."""
    area, palette = view.area, view.palette
    seen = max(shown[kind.id] for kind in picture.kinds)
    legend = 0.0 if area.width < _NARROW else _LEGEND
    rows = 1 if legend else len(picture.kinds)
    place = Box(area.x, area.y, area.width - legend, area.height - rows * _LABEL)
    yield Rect(place, view.fade(palette.muted, seen), 16)
    inner = place.inset(_WALL)
    yield Rect(inner, palette.background, 12)
    half = inner.width / 2
    levels = _levels(picture, view, shown)
    for side in (0, 1):
        if any(kind.solvent for kind in picture.kinds):
            high = inner.height * levels[side]
            box = Box(inner.x + side * half, inner.bottom - high, half, high)
            yield Rect(box, view.fade(mix(palette.background, palette.accent, 0.22), seen), 10)
    if picture.membrane:
        yield from _membrane(inner, view, seen)
    total = max(sum(k.left + k.right for k in peer.kinds) for peer in view.alike(picture))
    radius = min(13.0, 0.36 * sqrt(inner.width * inner.height / max(1, total)))
    for number, kind in enumerate(picture.kinds):
        yield from _kind(picture, kind, number, inner, levels, radius, view, shown)
        legend_of = _legend if legend else _row
        yield from legend_of(picture, kind, number, place, view, shown, radius)


def _membrane(inner: Box, view: View, seen: float) -> Iterator[Shape]:
    step = inner.height / _PIECES
    colour = view.fade(view.palette.ink, seen)
    for at in range(_PIECES):
        box = Box(inner.x + inner.width / 2 - 5, inner.y + at * step + 7, 10, step - 14)
        yield Rect(box, colour, 5)


def _halves(picture: Particles, kind: Kind, shown: Shown) -> Halves:
    """Return the numbers of a kind on both sides at this moment."""
    left, right = float(kind.left), float(kind.right)
    for name in picture.states:
        if picture.verb(name) == ("flow", [kind.id]):
            after = picture.equilibrium(kind)
            left += (after.left - left) * shown[name]
            right += (after.right - right) * shown[name]
    return Halves(left, right)


def _levels(picture: Particles, view: View, shown: Shown) -> tuple[float, float]:
    """Return how high the liquid stands on both sides, as shares of the box."""
    solvent = next((kind for kind in picture.kinds if kind.solvent), None)
    if solvent is None:
        return 0.98, 0.98
    now = _halves(picture, solvent, shown)
    liquids = [(peer, kind) for peer in view.alike(picture) for kind in peer.kinds if kind.solvent]
    sides = (max(kind.left, kind.right, *peer.equilibrium(kind)) for peer, kind in liquids)
    most = max(1.0, *sides)
    return 0.9 * max(0.12, now.left / most), 0.9 * max(0.12, now.right / most)


def _colours(view: View) -> Sequence[Colour]:
    return view.palette.accent, view.second, view.palette.muted


def _size(kind: Kind, radius: float) -> float:
    return radius * (0.8 if kind.solvent else 1.0 if kind.passes else 1.5)


def _kind(
    picture: Particles, kind: Kind, number: int, inner: Box, levels: tuple[float, float],
    radius: float, view: View, shown: Shown,
) -> Iterator[Shape]:  # fmt: skip
    """Yield the particles of a kind: those that change sides are on their way."""
    seen = shown[kind.id]
    if not seen:
        return
    colour = view.fade(_colours(view)[number], seen)
    size = _size(kind, radius)
    flows = [n for n in picture.states if picture.verb(n) == ("flow", [kind.id])]
    swaps = [n for n in picture.states if picture.verb(n) == ("swap", [kind.id])]
    flow, after = (shown[flows[0]], picture.equilibrium(kind)) if flows else (0.0, None)
    crossing = (kind.left - after.left) if after else 0
    moving = next((shown[n] for n in swaps if 0 < shown[n] < 1), None)
    for side, amount in enumerate((kind.left, kind.right)):
        going = max(0, int(crossing) if side == 0 else -int(crossing))
        for at in range(amount):
            here = _spot(kind, number, side, at, inner, levels, size)
            x, y = here
            if at < going:
                way = of_range(flow, 0.6 * at / going, 0.4 + 0.6 * at / going)
                other = _spot(kind, number, 1 - side, _arrived(kind, side, at), inner, levels, size)
                x, y = _through(here, other, ease(way), inner, at)
            elif moving is not None and at < going + 4:
                # As many cross each way, and come back, so the numbers stay.
                way = sin(pi * of_range(moving, 0.04 * at, 0.84 + 0.04 * (at % 4))) ** 2
                other = _spot(kind, number, 1 - side, 40 + at, inner, levels, size)
                x, y = _through(here, other, way, inner, at)
            yield Disc(x, y, size, colour)


def _arrived(kind: Kind, side: int, at: int) -> int:
    return at + (kind.right if side == 0 else kind.left)


def _spot(
    kind: Kind, number: int, side: int, at: int, inner: Box, levels: tuple[float, float],
    size: float,
) -> Point:  # fmt: skip
    """Return the place of a particle in its half of the liquid."""
    half, high = inner.width / 2 - 12, inner.height * levels[side]
    index = at + 1 + 64 * number + 7 * side
    x = size + 4 + (index * _SCATTER[0]) % 1 * (half - 2 * size - 8)
    y = size + 4 + (index * _SCATTER[1]) % 1 * (high - 2 * size - 8)
    left = inner.x if side == 0 else inner.x + inner.width / 2 + 12
    return left + x, inner.bottom - high + y


def _through(start: Point, end: Point, share: float, inner: Box, at: int) -> Point:
    """Return a point of the way from one half to the other, through a gap of the membrane."""
    middle = (inner.x + inner.width / 2, inner.y + (3 + at % 4) * inner.height / _PIECES)
    if share < 0.5:
        return _between(start, middle, share * 2)
    return _between(middle, end, share * 2 - 1)


def _legend(
    picture: Particles, kind: Kind, number: int, place: Box, view: View, shown: Shown,
    radius: float,
) -> Iterator[Shape]:  # fmt: skip
    """Yield name and numbers of a kind: beside the box, and below both halves."""
    seen = shown[kind.id]
    ink = view.fade(view.palette.ink, seen)
    colour = view.fade(_colours(view)[number], seen)
    size = _size(kind, radius)
    y = place.y + 46 + number * 64
    x = place.right + 58
    yield Disc(x, y, size, colour)
    yield Text(kind.label, Box(x + 34, y - 26, 236, 52), ink, 34, "start")
    now = _halves(picture, kind, shown)
    for side, amount in enumerate(now):
        half = place.width / 2
        many = len(picture.kinds)
        middle = place.x + side * half + half * (number + 1) / (many + 1)
        yield Disc(middle - 30, place.bottom + 30, min(size, 14.0), colour)
        box = Box(middle - 10, place.bottom + 6, 90, _LABEL - 4)
        yield Text(f"{amount:.0f}", box, ink, 34, "start")


def _row(
    picture: Particles, kind: Kind, number: int, place: Box, view: View, shown: Shown,
    radius: float,
) -> Iterator[Shape]:  # fmt: skip
    """Yield a row below a narrow box: the name of a kind between its two numbers."""
    ink = view.fade(view.palette.ink, shown[kind.id])
    colour = view.fade(_colours(view)[number], shown[kind.id])
    y = place.bottom + number * _LABEL
    left, right = _halves(picture, kind, shown)
    third = place.width / 3
    for at, text in enumerate((f"{left:.0f}", kind.label, f"{right:.0f}")):
        box = Box(place.x + at * third, y + 4, third, _LABEL - 4)
        yield Text(text, box, ink, 32)
    yield Disc(place.x + third - 6, y + _LABEL / 2 + 2, min(_size(kind, radius), 14.0), colour)
