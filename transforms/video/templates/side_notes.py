"""Labels beside a drawing, each with a line to what it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour
from transforms.video.templates.shapes import (
    Disc,
    Line,
    Point,
    Shape,
    Text,
    View,
    of_range,
    size_for_words,
)

_ROW, _GAP = 62.0, 6.0
_MOST = 5
"""Labels in one column that leave room for two lines each."""


class Target(NamedTuple):
    """A label and the place that it names."""

    name: str
    text: str
    at: Point
    colour: Colour


class Placed(NamedTuple):
    """A label, its room and the side of the drawing, -1 or 1."""

    target: Target
    box: Box
    side: int


def place_notes(
    targets: Sequence[Target], left: Box, right: Box, middle: float
) -> Sequence[Placed]:
    """Return the labels in two columns, each near the place that it names; none overlap.

    Args:
        targets: labels.
        left: left column.
        right: right column; a column without width gets no labels.
        middle: line between the places of the two columns.
    """
    ordered = sorted(targets, key=lambda each: (each.at[0], each.at[1]))
    cut = sum(each.at[0] <= middle for each in ordered)
    if left.width and right.width:
        cut = min(max(cut, len(ordered) - _MOST), _MOST)
    else:
        cut = len(ordered) if left.width else 0
    columns = ((ordered[:cut], left, -1), (ordered[cut:], right, 1))
    return [placed for own, room, side in columns for placed in _column(own, room, side)]


def _column(targets: Sequence[Target], room: Box, side: int) -> Iterator[Placed]:
    if not targets:
        return
    ordered = sorted(targets, key=lambda each: (each.at[1], each.at[0]))
    row = min(_ROW, (room.height + _GAP) / len(ordered) - _GAP)
    step = row + _GAP
    tops: list[float] = []
    for each in ordered:
        wanted = max(room.y, each.at[1] - row / 2)
        tops.append(max(wanted, tops[-1] + step) if tops else wanted)
    lowest = room.bottom - row
    for at in range(len(tops) - 1, -1, -1):
        tops[at] = min(tops[at], lowest)
        lowest = tops[at] - step
    for each, top in zip(ordered, tops, strict=True):
        yield Placed(each, Box(room.x, top, room.width, row), side)


def draw_note(placed: Placed, view: View, seen: float) -> Iterator[Shape]:
    """Yield the line from a label to its place, and the label."""
    target, box, side = placed
    foot = (box.right + 10 if side < 0 else box.x - 10, box.y + box.height / 2)
    drawn = of_range(seen, 0, 0.6)
    if drawn:
        x, y = (a + (b - a) * drawn for a, b in zip(target.at, foot, strict=True))
        yield Line((target.at, (x, y)), view.palette.background, 6)
        yield Line((target.at, (x, y)), target.colour, 2.5)
        yield Disc(*target.at, 8, view.palette.background)
        yield Disc(*target.at, 5.5, target.colour)
    ink = view.fade(view.palette.ink, of_range(seen, 0.3, 1))
    size = size_for_words(target.text, box.width, 27)
    yield Text(target.text, box, ink, size, "end" if side < 0 else "start", lines=2)
