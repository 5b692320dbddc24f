"""Line breaking at a given font size and width."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from transforms.text.bidi import is_rtl
from transforms.text.drawable_text import break_points, graphemes
from transforms.video.draw.fonts import Style
from transforms.video.draw.shaping import OVERHANG, shape

ELLIPSIS = "…"
_MIN_LETTER_WIDTH = 1 / 6
"""Ems. Letters are rarely narrower on average; text beyond this estimate is not measured."""


@dataclass(frozen=True)
class BrokenText:
    """A text broken into lines.

    Attributes:
        lines: at most as many as were allowed.
        rest: text that did not fit.
        words_broken: True if a word was broken.
    """

    lines: tuple[str, ...]
    rest: str = ""
    words_broken: bool = False


@dataclass(frozen=True)
class LineBreaker:
    """Breaks prepared text into lines.

    Args:
        language: BCP-47 tag.
        size: pixels per em.
        style: weight and cut.
        width: pixels.
    """

    language: str
    size: float
    style: Style
    width: float

    def break_text(self, text: str, max_lines: int) -> BrokenText:
        """Fill each line with as many words as fit; break words wider than a line."""
        lines: list[str] = []
        words_broken = False
        points = [*break_points(text, self.language), len(text)]
        longest = int(self.width / self.size / _MIN_LETTER_WIDTH) + 1
        start = 0
        while start < len(text) and len(lines) < max_lines:
            near = text[start : start + longest]
            ends = [point - start for point in points if start < point <= start + len(near)]
            fitting = self._count_fitting([near[:end] for end in ends])
            if not fitting:
                words_broken = True
                ends = list(accumulate(map(len, graphemes(near))))
                fitting = max(1, self._count_fitting([near[:end] for end in ends]))
            lines.append(near[: ends[fitting - 1]])
            start += ends[fitting - 1]
            start += len(text) - start - len(text[start:].lstrip())
        return BrokenText(tuple(lines), text[start:], words_broken)

    def balance(self, text: str, broken: BrokenText) -> BrokenText:
        """Return the same number of lines in the narrowest width that allows it."""
        narrow, wide = self.width / len(broken.lines) * 0.8, self.width
        best = broken
        while wide - narrow > self.size / 4:
            middle = (narrow + wide) / 2
            tried = replace(self, width=middle).break_text(text, len(broken.lines))
            if tried.words_broken or tried.rest:
                narrow = middle
            else:
                best, wide = tried, middle
        return best

    def shorten(self, line: str) -> str:
        """Cut a line so that it fits with an ellipsis at its end."""
        letters = graphemes(line)
        cut = ["".join(letters[:n]).rstrip() + ELLIPSIS for n in range(len(letters) + 1)]
        return cut[max(0, self._count_fitting(cut) - 1)]

    def _count_fitting(self, candidates: Sequence[str]) -> int:
        """Return how many candidates, in ascending length, fit into the width."""
        return bisect_right(candidates, self.width, key=self._line_room)

    def _line_room(self, text: str) -> float:
        rtl = is_rtl(text, self.language)
        line = shape(text.strip(), self.language, self.size, self.style, rtl)
        return line.width + self.size * OVERHANG
