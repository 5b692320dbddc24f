"""SVG path data as polylines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from math import atan2, ceil, cos, hypot, pi, sin, sqrt
from typing import NamedTuple

Point = tuple[float, float]

_TOKEN = re.compile(r"[MLHVCSQTAZmlhvcsqtaz]|[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")
_COUNTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_STEPS = 14
"""Straight pieces of a Bézier curve."""
_ARC_STEPS = 14
"""Straight pieces of one radian of an arc."""


class Stroke(NamedTuple):
    """One stroke of a path: its points, and whether it ends where it began."""

    points: tuple[Point, ...]
    closed: bool


@lru_cache(maxsize=2048)
def strokes_of(path: str) -> tuple[Stroke, ...]:
    """Return the strokes of SVG path data.

    Raises:
        ValueError: the text is no path data.
    """
    reader = _Reader()
    for command, numbers in _commands(path):
        reader.draw(command, numbers)
    return reader.strokes()


def _commands(path: str) -> Iterator[tuple[str, list[float]]]:
    tokens = _TOKEN.findall(path)
    if _TOKEN.sub("", path).strip(" ,\n") or not tokens or tokens[0] not in "Mm":
        raise ValueError("path data must begin with M and hold commands and numbers only")
    at = 0
    while at < len(tokens):
        command = tokens[at]
        if not command.isalpha():
            raise ValueError("path data has a number without a command")
        at += 1
        count = _COUNTS[command.upper()]
        if count == 0:
            yield command, []
            continue
        end = at
        while end < len(tokens) and not tokens[end].isalpha():
            end += 1
        numbers = [float(token) for token in tokens[at:end]]
        if not numbers or len(numbers) % count:
            raise ValueError(f"a command {command.upper()} takes {count} numbers each time")
        for start in range(0, len(numbers), count):
            yield command, numbers[start : start + count]
            command = {"M": "L", "m": "l"}.get(command, command)
        at = end


class _Reader:
    """Draws the commands of a path one by one."""

    def __init__(self) -> None:
        self._done: list[Stroke] = []
        self._points: list[Point] = []
        self._at: Point = (0.0, 0.0)
        self._handle: Point | None = None
        self._last = ""

    def strokes(self) -> tuple[Stroke, ...]:
        """Return the strokes that were drawn."""
        self._end(closed=False)
        return tuple(self._done)

    def draw(self, command: str, numbers: Sequence[float]) -> None:
        """Draw one command."""
        kind, (x, y) = command.upper(), self._at
        dx, dy = (x, y) if command.islower() else (0.0, 0.0)
        if kind == "Z":
            start = self._points[0] if self._points else self._at
            self._end(closed=True)
            self._at, self._points = start, [start]
        elif kind == "H":
            self._line((numbers[0] + dx, y))
        elif kind == "V":
            self._line((x, numbers[0] + dy))
        elif kind == "A":
            self._arc(numbers, (numbers[5] + dx, numbers[6] + dy))
        else:
            pairs = zip(numbers[::2], numbers[1::2], strict=True)
            self._through(kind, [(a + dx, b + dy) for a, b in pairs])
        self._last = kind

    def _through(self, kind: str, points: list[Point]) -> None:
        if kind == "M":
            self._end(closed=False)
            self._at, self._points = points[0], [points[0]]
        elif kind == "L":
            self._line(points[0])
        else:
            smooth = {"S": "CS", "T": "QT"}.get(kind)
            if smooth:
                known = self._last in smooth and self._handle
                hx, hy = self._handle if known and self._handle else self._at
                points = [(2 * self._at[0] - hx, 2 * self._at[1] - hy), *points]
            self._bezier([self._at, *points])
            self._handle = points[-2]

    def _end(self, *, closed: bool) -> None:
        if len(self._points) > 1:
            self._done.append(Stroke(tuple(self._points), closed))
        self._points = []

    def _line(self, to: Point) -> None:
        self._points.append(to)
        self._at = to

    def _bezier(self, points: list[Point]) -> None:
        for step in range(1, _STEPS + 1):
            share, row = step / _STEPS, points
            while len(row) > 1:
                row = [
                    (a + (c - a) * share, b + (d - b) * share) for (a, b), (c, d) in pairwise(row)
                ]
            self._line(row[0])

    def _arc(self, numbers: Sequence[float], to: Point) -> None:
        """Draw an elliptical arc as the SVG specification's appendix on arcs computes it."""
        rx, ry, turn, large, sweep = (*map(abs, numbers[:2]), *numbers[2:5])
        (x1, y1), (x2, y2) = self._at, to
        if (x1, y1) == (x2, y2) or not rx or not ry:
            self._line(to)
            return
        ca, sa = cos(turn * pi / 180), sin(turn * pi / 180)
        hx, hy = (x1 - x2) / 2, (y1 - y2) / 2
        px, py = ca * hx + sa * hy, ca * hy - sa * hx
        grow = max(1.0, hypot(px / rx, py / ry))
        rx, ry = rx * grow, ry * grow
        below = (rx * py) ** 2 + (ry * px) ** 2
        root = sqrt(max(0.0, (rx * ry) ** 2 / below - 1)) * (-1 if large == sweep else 1)
        qx, qy = root * rx * py / ry, -root * ry * px / rx
        start = atan2((py - qy) / ry, (px - qx) / rx)
        span = atan2((-py - qy) / ry, (-px - qx) / rx) - start
        if sweep and span < 0:
            span += 2 * pi
        elif not sweep and span > 0:
            span -= 2 * pi
        mx, my = ca * qx - sa * qy + (x1 + x2) / 2, sa * qx + ca * qy + (y1 + y2) / 2
        steps = ceil(abs(span) * _ARC_STEPS)
        for step in range(1, steps):
            angle = start + span * step / steps
            x, y = rx * cos(angle), ry * sin(angle)
            self._line((mx + ca * x - sa * y, my + sa * x + ca * y))
        self._line(to)
