"""SVG path data as polylines."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from fontTools.pens.basePen import BasePen  # type: ignore[import-untyped]
from fontTools.svgLib.path import parse_path  # type: ignore[import-untyped]

Point = tuple[float, float]

# The parser passes over other letters.
_PATH_DATA = re.compile(r"\s*[Mm][MLHVCSQTAZmlhvcsqtaz\deE.,+\s-]+")
_STEPS = 16
"""Straight pieces of a Bézier curve; an arc has one curve for each quarter of its circle."""


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
    pen = _StrokePen()
    if not _PATH_DATA.fullmatch(path):
        raise ValueError("path data must begin with M and hold commands and numbers only")
    try:
        parse_path(path, pen)
    except Exception as error:  # the parser fails in many ways
        raise ValueError(f"invalid path data: {error}") from error
    if not pen.strokes:
        raise ValueError("the path data draws nothing")
    return tuple(pen.strokes)


class _StrokePen(BasePen):
    """Collects the strokes of a path; curves become straight pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.strokes: list[Stroke] = []
        self._points: list[Point] = []

    def _moveTo(self, to: Point) -> None:
        self._points = [to]

    def _lineTo(self, to: Point) -> None:
        self._points.append(to)

    def _curveToOne(self, first: Point, second: Point, to: Point) -> None:
        rows = list(zip(self._points[-1], first, second, to, strict=True))
        for step in range(1, _STEPS + 1):
            t = step / _STEPS
            x, y = (
                (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
                for a, b, c, d in rows
            )
            self._points.append((x, y))

    def _closePath(self) -> None:
        self._end(closed=True)

    def _endPath(self) -> None:
        self._end(closed=False)

    def _end(self, *, closed: bool) -> None:
        if closed and self._points[-1] == self._points[0]:
            self._points.pop()  # the stroke itself returns there
        if len(self._points) > 1:
            self.strokes.append(Stroke(tuple(self._points), closed))
        self._points = []
