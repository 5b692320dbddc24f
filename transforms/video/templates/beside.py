"""Rooms of a picture and of the one beside it."""

from __future__ import annotations

from typing import NamedTuple

from transforms.video.draw.canvas import Box
from transforms.video.templates.shapes import Point, of_range

_GAP = 56.0
_NARROW_GAP = 24.0


class Rooms(NamedTuple):
    """Room of the first picture, room of the second, and the line between them."""

    first: Box
    second: Box
    divider: tuple[Point, Point]


def rooms_beside(area: Box, share: float, *, down: bool) -> Rooms:
    """Return the rooms of two pictures; the first gives way while the second appears.

    Args:
        area: room of both.
        share: how far the second is shown, 0-1.
        down: put the second below the first, instead of to its right.
    """
    given = of_range(share, 0.0, 0.5)
    if down:
        half = (area.height - _NARROW_GAP) / 2
        height = area.height - (area.height - half) * given
        middle = area.y + area.height / 2
        return Rooms(
            Box(area.x, area.y, area.width, height),
            Box(area.x, area.bottom - half, area.width, half),
            ((area.x, middle), (area.right, middle)),
        )
    half = (area.width - _GAP) / 2
    width = area.width - (area.width - half) * given
    middle = area.x + area.width / 2
    return Rooms(
        Box(area.x, area.y, width, area.height),
        Box(area.right - half, area.y, half, area.height),
        ((middle, area.y), (middle, area.bottom)),
    )
