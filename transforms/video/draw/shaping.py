"""Letters placed on one line: the right glyphs, in the right order, and the room they take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import NamedTuple

from PIL import ImageFont

from transforms.text.bidi import embedding_levels, visual_order
from transforms.video.draw.fonts import Style, fallback_runs, font

ASCENT, DESCENT = 0.97, 0.24
"""Inter's own, in ems: what a line takes at least, so that rows of any script stand alike."""


OVERHANG = 0.06
"""Ems kept free at the end of a line for ink that reaches beyond its letter's advance."""


@dataclass(frozen=True)
class Run:
    """Letters of one font and one direction.

    Attributes:
        x: pixels from the left end of the line.
        width: advance in pixels.
    """

    font: ImageFont.FreeTypeFont
    text: str
    rtl: bool
    x: float
    width: float


@dataclass(frozen=True)
class ShapedLine:
    """A shaped line, its runs from left to right; width in pixels."""

    text: str
    runs: tuple[Run, ...]
    width: float


class Extent(NamedTuple):
    """Pixels of ink above and below a baseline, and beyond the two ends of a line."""

    left: int
    above: int
    right: int
    below: int


@lru_cache(maxsize=4096)
def shape(text: str, language: str, size: float, style: Style, rtl: bool) -> ShapedLine:
    levels = embedding_levels(text, rtl)
    pieces: list[tuple[int, ImageFont.FreeTypeFont, str]] = []
    start = 0
    for face, part in fallback_runs(text, language):
        loaded = font(face, size, style)
        for i in range(start, start + len(part)):
            if i > start and levels[i] == pieces[-1][0]:
                pieces[-1] = (levels[i], loaded, pieces[-1][2] + text[i])
            else:
                pieces.append((levels[i], loaded, text[i]))
        start += len(part)
    runs: list[Run] = []
    x = 0.0
    for level, loaded, part in visual_order([piece[0] for piece in pieces], pieces):
        width = loaded.getlength(part, direction="rtl" if level % 2 else "ltr")
        runs.append(Run(loaded, part, bool(level % 2), x, width))
        x += width
    return ShapedLine(text, tuple(runs), x)


@lru_cache(maxsize=1024)
def extent(line: ShapedLine, size: float) -> Extent:
    """The room the ink of a line needs."""
    left, above, right, below = 0.0, ASCENT * size, 0.0, DESCENT * size
    for run in line.runs:
        ink_left, top, ink_right, bottom = run.font.getbbox(
            run.text, anchor="ls", direction="rtl" if run.rtl else "ltr"
        )
        left, right = max(left, -run.x - ink_left), max(right, run.x + ink_right - line.width)
        above, below = max(above, -top), max(below, bottom)
    return Extent(ceil(left), ceil(above), ceil(right), ceil(below))


def line_height(line: ShapedLine, size: float, leading: float) -> int:
    """Height of a line in pixels: the leading, or more where its letters need it."""
    ink = extent(line, size)
    return max(round(size * leading), ink.above + ink.below)
