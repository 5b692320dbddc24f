"""The two sides of an equation as squares of their areas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, sqrt

from transforms.pictures.algebra import Algebra, Step
from transforms.pictures.equation_lines import localized
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import mix
from transforms.video.templates.shapes import Line, Rect, Shape, Shown, Text, View
from transforms.video.templates.side_parts import (
    Part,
    colour_of,
    is_side_length,
    parts_now,
    parts_of,
)

_GAP, _EQUALS, _LABELS = 22.0, 64.0, 60.0
_MOST_IN_ROW = 3


def draw_areas(picture: Algebra, room: Box, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield each term as a square of its area, the two sides next to each other."""
    steps = [step for changes in picture.steps() for step in changes]
    whole = _lines(picture)
    scale = min(_scale(parts, room) for peer in view.alike(picture) for parts in _lines(peer))
    parts, seen = parts_now(picture, shown)
    blocks = _blocks(parts, scale)
    highest = max(height for each in whole for _, _, height in _blocks(each, scale))
    base = room.y + (room.height + highest - _LABELS) / 2
    wide = sum(width for _, width, _ in blocks) + _EQUALS
    x = room.x + max(0.0, (room.width - wide) / 2)
    for side, (places, width, _) in enumerate(blocks):
        if side and places:
            box = Box(x, base - highest / 2 - 30, _EQUALS, 60)
            yield Text("=", box, view.fade(view.palette.ink, seen), 48)
            x += _EQUALS
        for part, across, up in places:
            length = sqrt(abs(part.size)) * scale
            box = Box(x + across, base - up - length, length, length)
            yield from _square(part, box, scale, view, seen)
            for step in steps:
                if is_side_length(picture, step) and shown[step.name]:
                    yield from _edge(step, part, box.x, length, base, view, shown[step.name])
        x += width


def _lines(picture: Algebra) -> list[list[Part]]:
    """Return the parts of each line that tells areas."""
    steps = (step for changes in picture.steps() for step in changes)
    return [
        parts_of(step.after, picture.length())
        for step in steps
        if not is_side_length(picture, step)
    ]


_Places = list[tuple[Part, float, float]]
"""Parts of a side, each with the distance of its square from the left and from below."""


def _block(parts: Sequence[Part], scale: float) -> tuple[_Places, float, float]:
    """Return the places of a side, its width and its height: in a row, or many in a block."""
    lengths = [sqrt(abs(part.size)) * scale for part in parts]
    columns = len(parts) if len(parts) <= _MOST_IN_ROW else ceil(sqrt(len(parts)))
    gap = _GAP if len(parts) <= _MOST_IN_ROW else _GAP / 3
    step = max(lengths, default=0.0) + gap
    places, x, height = [], 0.0, 0.0
    for at, (part, length) in enumerate(zip(parts, lengths, strict=True)):
        row, column = divmod(at, columns)
        x = 0.0 if column == 0 else x
        up = row * step
        places.append((part, x, up))
        x += (length if len(parts) <= _MOST_IN_ROW else step - gap) + gap
        height = max(height, up + length)
    if len(parts) <= _MOST_IN_ROW:
        return places, max(0.0, sum(lengths) + gap * (len(parts) - 1)), height
    return places, columns * step - gap, height


def _blocks(parts: Sequence[Part], scale: float) -> list[tuple[_Places, float, float]]:
    return [_block([part for part in parts if part.side == side], scale) for side in (0, 1)]


def _scale(parts: Sequence[Part], room: Box) -> float:
    """Return the design pixels per unit at which a line fits into its room."""
    scale = 200.0
    while scale > 1:
        blocks = _blocks(parts, scale)
        wide = sum(width for _, width, _ in blocks) + _EQUALS
        if wide <= room.width and all(high <= room.height - _LABELS for _, _, high in blocks):
            break
        scale *= 0.97
    return scale


def _square(part: Part, box: Box, scale: float, view: View, seen: float) -> Iterator[Shape]:
    if box.width < 2:
        return
    colour = view.fade(colour_of(part, view), seen)
    hollow = part.size < 0
    yield Rect(box, view.palette.background if hollow else colour, 4, colour if hollow else None)
    cells = box.width / scale
    if abs(cells - round(cells)) < 1e-6 and 2 <= cells <= 14:
        ground = view.palette.background
        line = mix(colour, ground, 0.45)
        for at in range(1, round(cells)):
            x, y = box.x + at * scale, box.y + at * scale
            yield Line(((x, box.y + 2), (x, box.bottom - 2)), line, 2)
            yield Line(((box.x + 2, y), (box.right - 2, y)), line, 2)
    width = min(box.width, max(64.0, 22.0 * len(part.text) + 18))
    middle = Box(box.x + (box.width - width) / 2, box.y + box.height / 2 - 26, width, 52)
    if part.seen and box.width > 46:
        yield Rect(middle, view.fade(view.palette.background, seen * part.seen), 12)
        ink = view.fade(view.palette.ink, seen * part.seen)
        yield Text(localized(part.text, view.language), middle.inset(4), ink, 36)


def _edge(
    step: Step, part: Part, x: float, side: float, base: float, view: View, seen: float
) -> Iterator[Shape]:
    """Yield the length of the side of a square below it."""
    text = next((t.text for t in step.after[part.side]), "")
    ink = view.fade(view.palette.ink, seen)
    yield Line(((x, base + 10), (x + side * seen, base + 10)), ink, 4)
    yield Text(localized(text, view.language), Box(x, base + 14, side, 44), ink, 34)
