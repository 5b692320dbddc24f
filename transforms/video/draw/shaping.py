"""Text shaping: glyph runs of one line in visual order, and the space they need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import NamedTuple

from PIL import ImageFont

from transforms.text.bidi import embedding_levels, visual_order
from transforms.video.draw.fonts import Style, fallback_runs, load_font

ASCENT, DESCENT = 0.97, 0.24
"""Inter's metrics in ems; minimum for every line, so that rows of any script align."""


OVERHANG = 0.06
"""Ems kept free at the end of a line for ink that extends beyond the last advance."""


@dataclass(frozen=True)
class Run:
    """Text of one font and one direction.

    Attributes:
        font: loaded font.
        text: characters in logical order.
        rtl: direction.
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
    """A line of text whose glyphs are chosen and positioned.

    Attributes:
        text: the line in logical order.
        runs: from left to right.
        width: pixels.
    """

    text: str
    runs: tuple[Run, ...]
    width: float


class Extent(NamedTuple):
    """Extent of a line's ink in pixels: above and below the baseline, and beyond both ends."""

    left: int
    above: int
    right: int
    below: int


@lru_cache(maxsize=4096)
def shape(text: str, language: str, size: float, style: Style, rtl: bool) -> ShapedLine:
    """Split a line into runs of one font and direction, in visual order.

    Args:
        text: one line of prepared text.
        language: BCP-47 tag.
        size: pixels per em.
        style: weight and cut.
        rtl: base direction.
    """
    levels = embedding_levels(text, rtl)
    pieces: list[tuple[int, ImageFont.FreeTypeFont, str]] = []
    start = 0
    for face, part in fallback_runs(text, language):
        loaded = load_font(face, size, style)
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
    """Return the extent of a line's ink."""
    left, above, right, below = 0.0, ASCENT * size, 0.0, DESCENT * size
    for run in line.runs:
        ink_left, top, ink_right, bottom = run.font.getbbox(
            run.text, anchor="ls", direction="rtl" if run.rtl else "ltr"
        )
        left, right = max(left, -run.x - ink_left), max(right, run.x + ink_right - line.width)
        above, below = max(above, -top), max(below, bottom)
    return Extent(ceil(left), ceil(above), ceil(right), ceil(below))


def line_height(line: ShapedLine, size: float, leading: float) -> int:
    """Return the height of a line in pixels: the leading, or more if the letters need it."""
    ink = extent(line, size)
    return max(round(size * leading), ink.above + ink.below)
