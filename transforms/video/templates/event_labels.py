"""Places of the labels of a timeline's events, above and below its axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from transforms.video.draw.canvas import Box

TALL = 82.0
"""Height of a label: its date above its text."""
_WIDEST, _LETTER = 280.0, 14.2
_GAP = 14.0
_NEAR, _BELOW, _HIGH = 0, 1, 2
"""Lanes: next to the axis, below it, and above the first one."""


def label_width(*lines: str) -> float:
    """Return the room that the longest line needs, at most on two lines."""
    return min(_WIDEST, 24 + _LETTER * max(map(len, lines)))


def place_labels(
    events: Iterable[tuple[float, float]], area: Box, axis: float
) -> list[tuple[Box, bool]]:
    """Return a box for each label, and whether it is above the axis.

    Boxes do not overlap, and no stem of a high label crosses the label below it.

    Args:
        events: x and width of the label of each, from left to right.
        area: the room of the picture.
        axis: height of the axis in its middle.
    """
    height = (area.height - axis) / 2
    tops = (area.y + height - TALL - 8, area.bottom - TALL - 4, area.y - 6)
    ends = [float("-inf")] * len(tops)
    found: list[tuple[Box, int]] = []
    stems: list[float] = []
    for number, (at, needed) in enumerate(events):
        wide = min(needed, (area.width - _GAP) / 2)
        lanes = (_BELOW, _NEAR, _HIGH) if number % 2 else (_NEAR, _BELOW, _HIGH)
        left = min(max(area.x, at - wide / 2), area.right - wide)
        lane = next((n for n in lanes if ends[n] + _GAP <= left), None)
        if lane is None:
            lane = min(range(len(tops)), key=ends.__getitem__)
            left = min(ends[lane] + _GAP, area.right - wide)
        if lane == _HIGH:
            stems.append(at)
            found = [_beside(at, box, n, area.x) for box, n in found]
        elif lane == _NEAR:
            left = max(left, *(stem + _GAP for stem in stems if stem < left + wide), area.x)
            left = min(left, area.right - wide)
        ends[lane] = left + wide
        found.append((Box(left, tops[lane], wide, TALL), lane))
    return [(box, lane != _BELOW) for box, lane in found]


def _beside(stem: float, box: Box, lane: int, first: float) -> tuple[Box, int]:
    """Return a label that a stem would cross on the left of the stem, if there is room."""
    if lane == _NEAR and box.x < stem < box.right + _GAP:
        box = replace(box, x=max(first, stem - _GAP - box.width))
    return box, lane
