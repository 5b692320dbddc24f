"""Text broken into lines of one size and width."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from transforms.text.bidi import is_rtl
from transforms.video.draw.drawable_text import break_points, graphemes
from transforms.video.draw.fonts import Style
from transforms.video.draw.shaping import OVERHANG, shape

ELLIPSIS = "…"
_NARROWEST = 1 / 6
"""Ems; letters are hardly ever narrower on average, so the rest of a text need not be looked at."""


@dataclass(frozen=True)
class BrokenText:
    """A text in lines.

    Attributes:
        rest: what there was no line for.
        words_broken: whether a word had to be broken.
    """

    lines: tuple[str, ...]
    rest: str = ""
    words_broken: bool = False


@dataclass(frozen=True)
class LineBreaker:
    """Breaks prepared text.

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

    def break_text(self, text: str, most: int) -> BrokenText:
        """Fill each line with as many words as fit; a word wider than a line is broken."""
        lines: list[str] = []
        words_broken = False
        while text and len(lines) < most:
            near = text[: int(self.width / self.size / _NARROWEST) + 1]
            ends = break_points(near)
            if len(near) == len(text):
                ends.append(len(text))
            fitting = self._fitting([text[:end] for end in ends])
            if not fitting:
                words_broken = True
                ends = list(accumulate(map(len, graphemes(near))))
                fitting = max(1, self._fitting([text[:end] for end in ends]))
            lines.append(text[: ends[fitting - 1]])
            text = text[ends[fitting - 1] :].lstrip()
        return BrokenText(tuple(lines), text, words_broken)

    def balance(self, text: str, broken: BrokenText) -> BrokenText:
        """The same number of lines in the narrowest box that allows it."""
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
        """As much of a line as fits in front of an ellipsis."""
        letters = graphemes(line)
        cut = ["".join(letters[:n]).rstrip() + ELLIPSIS for n in range(len(letters) + 1)]
        return cut[max(0, self._fitting(cut) - 1)]

    def _fitting(self, candidates: Sequence[str]) -> int:
        """How many candidates, each longer than the one before, are not too wide."""
        return bisect_right(candidates, self.width, key=self._room)

    def _room(self, text: str) -> float:
        line = shape(text.strip(), self.language, self.size, self.style, is_rtl(text))
        return line.width + self.size * OVERHANG
