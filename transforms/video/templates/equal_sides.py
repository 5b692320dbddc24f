"""The two sides of an equation as lengths to scale, which stay equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from transforms.pictures.algebra import Algebra
from transforms.pictures.equation_lines import localized
from transforms.pictures.quantities import show_number
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import mix
from transforms.video.templates.shapes import SMALLEST, Line, Rect, Shape, Shown, Text, View
from transforms.video.templates.side_parts import Part, colour_of, parts_now, parts_of

_HIGH, _LOW = 72.0, 50.0
"""Heights of what is added, and of what is taken away below it."""
_BETWEEN, _LABEL, _LEAST = 48.0, 42.0, 27.0
"""Heights between the sides and of a label, and the least of both in a low room."""
_EDGE = 66.0
"""Room left of the lengths for a label."""
_MOST_CELLS = 30
_ZOOM = 0.4
"""Part of the greatest length below which lengths are enlarged."""
_GAP = 5.0
_THIN = 10.0
"""Width of a block below which blocks are drawn as one."""


def draw_lengths(picture: Algebra, room: Box, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield each side as a bar: what is added above, what is taken away below it."""
    peers = view.alike(picture)
    whole = [
        parts_of(step.after, peer.length())
        for peer in peers for changes in peer.steps() for step in changes
    ]  # fmt: skip
    sides = len(picture.steps()[0][0].after)
    totals = [
        (sum(p.size for p in parts if p.side == side and p.size > 0),
         sum(p.size for p in parts if p.side == side))
        for parts in whole for side in range(sides)
    ]  # fmt: skip
    below = any(part.size < 0 for parts in whole for part in parts)
    most, least = max(total for total, _ in totals), min(0.0, *(net for _, net in totals))
    units = most - least <= _MOST_CELLS and all(
        part.degree or part.size == int(part.size) for parts in whole for part in parts
    )
    parts, seen = parts_now(picture, shown)
    extent = max(
        _extent([part for part in parts_now(peer, shown)[0] if part.side == side])
        for peer in peers for side in range(sides)
    )  # fmt: skip
    share = extent / (most - least) if most > least else 0.0
    share = share if share >= _ZOOM else _ZOOM / 2 + share / 2
    scale = (room.width - _EDGE) * share / (extent or 1.0)
    tall = _HIGH + (_LOW + 4 if below else 0.0)
    usual = min(1.0, room.height / (sides * (tall + _LABEL) + (sides - 1) * _BETWEEN + 16))
    label, between = max(_LEAST, _LABEL * usual), max(_LEAST, _BETWEEN * usual)
    free = room.height - sides * label - (sides - 1) * between - 16
    fit = min(1.0, free / (sides * tall))
    ruler = _Ruler(room.x + _EDGE - least * scale, scale, fit, label, units)
    top = room.y + (free - sides * tall * fit) / 2 + label + 8
    rows = [top + side * (tall * fit + between) for side in range(sides)]
    if seen:
        yield from _guides(parts, ruler, rows, tall * fit, view, seen)
    if least < 0:
        zero_box = Box(ruler.start - 30, top - 8 - label, 60, label)
        yield Text("0", zero_box, view.fade(view.palette.muted, seen), max(SMALLEST, 28 * fit))
    for side, y in enumerate(rows):
        mine = [part for part in parts if part.side == side]
        label_y = y - label if side == 0 else y + tall * fit
        yield from _bar(picture, mine, ruler, y, label_y, view, seen)


class _Ruler(NamedTuple):
    """Measures of all lengths.

    Attributes:
        start: where zero is.
        scale: design pixels per unit.
        fit: share of the usual heights.
        label: height of a label.
        units: ones are shown.
    """

    start: float
    scale: float
    fit: float
    label: float
    units: bool


def _extent(parts: Sequence[Part]) -> float:
    """Return the length of a side from its farthest point left of zero to that right of it."""
    most, net = sum(part.size for part in parts if part.size > 0), sum(part.size for part in parts)
    return most - min(0.0, net)


def _guides(
    parts: Sequence[Part], ruler: _Ruler, rows: Sequence[float], tall: float, view: View,
    seen: float,
) -> Iterator[Shape]:  # fmt: skip
    """Yield lines at the start and at the end of both sides."""
    net = sum(part.size for part in parts if part.side == 0)
    colour = view.fade(view.palette.muted, seen)
    top, bottom = rows[0] - 8, rows[-1] + tall + 8
    start = ruler.start
    for x in (start, start + net * ruler.scale):
        yield Line(((x, top), (x, bottom)), colour, 3)
    if len(rows) > 1:
        box = Box(start - _EDGE, rows[0] + tall, _EDGE - 8, rows[1] - rows[0] - tall)
        yield Text("=", box, colour, max(SMALLEST, 40 * ruler.fit))


def _bar(
    picture: Algebra, parts: Sequence[Part], ruler: _Ruler, y: float, label_y: float, view: View,
    seen: float,
) -> Iterator[Shape]:  # fmt: skip
    x, high, low = ruler.start, _HIGH * ruler.fit, _LOW * ruler.fit
    size = max(SMALLEST, 30 * ruler.fit)
    for part in parts:
        if part.size > 0:
            wide = part.size * ruler.scale
            yield from _cells(picture, part, Box(x, y, wide, high), ruler, view, seen)
            if not part.degree:
                place = Box(x - 20, label_y, wide + 40, ruler.label)
                yield _number(part, place, size, view, seen)
            x += wide
    taken = [part for part in parts if part.size < 0]
    for part in taken:
        wide = -part.size * ruler.scale
        x -= wide
        box = Box(x, y + high + 4, wide, low)
        yield from _cells(picture, part, box, ruler, view, seen)
        if not part.degree and part is taken[-1]:
            label = Box(x - _EDGE, box.y, _EDGE - 6, low)
            yield _number(part, label, size, view, seen, "end")
        elif not part.degree:
            yield _number(part, box, size, view, seen)


def _number(
    part: Part, box: Box, size: float, view: View, seen: float, align: str = "center"
) -> Text:
    text = show_number(abs(part.size) if part.seen < 1 else part.size, view.language)
    if part.seen < 1:
        text = localized(part.text, view.language)
    return Text(text, box, view.fade(view.palette.ink, seen * part.seen), size, align)


def _cells(
    picture: Algebra, part: Part, box: Box, ruler: _Ruler, view: View, seen: float
) -> Iterator[Shape]:
    """Yield the blocks of a part: one for each unknown, or for each one."""
    colour = view.fade(colour_of(part, view), seen)
    step = abs(picture.length() ** part.degree) * ruler.scale if part.degree else ruler.scale
    if not part.degree and not ruler.units:
        step = box.width
    hollow = part.size < 0
    step = box.width if step < _THIN else step
    gap = min(_GAP, step / 4)
    done = 0.0
    while done < box.width - 0.5:
        wide = min(step, box.width - done)
        cell = Box(box.x + done + gap / 2, box.y, wide - gap, box.height)
        done += wide
        if cell.width < (_THIN if hollow else 1):
            continue
        fill = mix(view.palette.background, colour, 0.16) if hollow else colour
        yield Rect(cell, fill, 9, colour if hollow else None)
        if part.degree and wide > 30:
            ink = view.palette.ink if hollow else view.palette.on_accent
            letter = picture.unknown() + ("²" if part.degree == 2 else "")
            room = Box(cell.x, cell.y - 4, cell.width, cell.height + 8)
            yield Text(letter, room, view.fade(ink, seen), max(SMALLEST, 34 * ruler.fit))
