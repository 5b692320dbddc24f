"""Text into lines that fit: broken, balanced, shrunk, and at worst cut with an ellipsis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from transforms.video.bidi import is_rtl
from transforms.video.fonts import Style, drawable
from transforms.video.shaping import Line, extent, line_height, shape
from transforms.video.text import break_points, clean, graphemes

ELLIPSIS = "…"
_PLAIN = Style()
LONGEST = 600
"""Graphemes of a text that are considered at all; no box of a slide holds more."""


@dataclass(frozen=True)
class Block:
    """Lines set below each other; lengths in pixels.

    Attributes:
        size: pixels per em.
        leading: distance of baselines in ems; more where letters need it.
        whole: no word was broken and nothing cut off.
        rtl: base direction of the paragraph.
    """

    lines: tuple[Line, ...]
    size: float
    leading: float
    width: float
    height: int
    whole: bool
    rtl: bool


@dataclass(frozen=True)
class Typesetter:
    """Sets text in one language.

    Args:
        language: BCP-47 tag.
    """

    language: str = "en-US"

    def prepare(self, text: str) -> str:
        """The part of a text that can be drawn."""
        return drawable("".join(graphemes(clean(text))[:LONGEST]), self.language)

    def fit(
        self,
        text: str,
        width: float,
        height: float,
        sizes: Sequence[float],
        *,
        style: Style = _PLAIN,
        leading: float = 1.35,
        max_lines: int = 99,
        balance: bool = False,
    ) -> Block:
        """Set a text in a box at the largest size at which it fits without breaking a word.

        Args:
            text: any text.
            width: pixels.
            height: pixels.
            sizes: pixels per em to try, the largest first.
            style: weight and cut.
            leading: distance of baselines in ems.
            max_lines: lines at most.
            balance: make lines about equally long, as headings should be.

        Returns:
            A block no wider and no higher than the box: at the smallest size words are broken, and
            what still does not fit ends in an ellipsis.
        """
        text = self.prepare(text)
        fallback: Block | None = None
        for size in sizes:
            lines, broken, rest = self._wrap(text, size, style, width, max_lines)
            if not broken and not rest and balance and len(lines) > 1:
                lines = self._balance(text, size, style, width, lines)
            block = self._block(lines, size, style, leading, is_rtl(text), whole=not broken)
            if rest or block.height > height:
                continue
            if block.whole:
                return block
            fallback = fallback or block
        return fallback or self._cut(text, width, height, sizes[-1], style, leading, max_lines)

    def line_width(self, text: str, size: float, style: Style = _PLAIN) -> float:
        """Width of a prepared text on one line, in pixels."""
        return shape(text.strip(), self.language, size, style, is_rtl(text)).width

    def _cut(
        self,
        text: str,
        width: float,
        height: float,
        size: float,
        style: Style,
        leading: float,
        max_lines: int,
    ) -> Block:
        """As many lines as the box holds, the last one with an ellipsis."""
        lines, _, rest = self._wrap(text, size, style, width, max_lines)
        rtl = is_rtl(text)
        block = self._block(lines, size, style, leading, rtl, whole=False)
        while len(lines) > 1 and block.height > height:
            rest = lines[-1] + rest
            lines = lines[:-1]
            block = self._block(lines, size, style, leading, rtl, whole=False)
        if rest:
            letters = graphemes(lines[-1])
            while letters and self._too_wide(
                "".join(letters).rstrip() + ELLIPSIS, size, style, width
            ):
                letters.pop()
            lines = [*lines[:-1], "".join(letters).rstrip() + ELLIPSIS]
        return self._block(lines, size, style, leading, rtl, whole=False)

    def _wrap(
        self, text: str, size: float, style: Style, width: float, max_lines: int
    ) -> tuple[list[str], bool, str]:
        """Lines, whether a word had to be broken, and the text that is left over."""
        lines: list[str] = []
        broken = False
        while text and len(lines) < max_lines:
            end = self._line_end(text, size, style, width)
            if not end:
                broken = True
                end = self._letters_end(text, size, style, width)
            lines.append(text[:end])
            text = text[end:].lstrip()
        return lines, broken, text

    def _line_end(self, text: str, size: float, style: Style, width: float) -> int:
        """Index of the last break at which the line still fits; 0 when not one does."""
        end = 0
        # A character is hardly ever narrower than a sixth of an em: the rest need not be looked at.
        horizon = int(width / size * 6) + 1
        for point in [
            *break_points(text[:horizon]),
            *([len(text)] if len(text) <= horizon else []),
        ]:
            if self._too_wide(text[:point], size, style, width):
                break
            end = point
        return end

    def _letters_end(self, text: str, size: float, style: Style, width: float) -> int:
        """Index after the letters of an unbreakable word that fit; at least one letter."""
        end = 0
        for letter in graphemes(text):
            if end and self._too_wide(text[: end + len(letter)], size, style, width):
                break
            end += len(letter)
        return end

    def _too_wide(self, text: str, size: float, style: Style, width: float) -> bool:
        return self.line_width(text, size, style) > width

    def _balance(
        self, text: str, size: float, style: Style, width: float, lines: list[str]
    ) -> list[str]:
        """The same number of lines in the narrowest box that allows it."""
        narrow, wide = width / len(lines) * 0.8, width
        best = lines
        while wide - narrow > size / 4:
            middle = (narrow + wide) / 2
            tried, broken, rest = self._wrap(text, size, style, middle, len(lines))
            if broken or rest:
                narrow = middle
            else:
                best, wide = tried, middle
        return best

    def _block(
        self,
        lines: Sequence[str],
        size: float,
        style: Style,
        leading: float,
        rtl: bool,
        *,
        whole: bool,
    ) -> Block:
        shaped = tuple(
            shape(line.strip(), self.language, size, style, rtl) for line in lines if line.strip()
        )
        return Block(
            shaped,
            size,
            leading,
            max((line.width for line in shaped), default=0.0),
            sum(line_height(line, size, leading) for line in shaped),
            whole,
            rtl,
        )


def draw_block(
    image: Image.Image,
    block: Block,
    box: tuple[int, int, int, int],
    colour: tuple[int, int, int],
    align: str = "left",
) -> None:
    """Draw a block at the top of a box; nothing is ever drawn outside the box.

    Args:
        image: RGB image to draw on.
        block: what `Typesetter.fit` made for this box or a larger one.
        box: left, top, right, bottom in pixels.
        colour: RGB, 0-255.
        align: ``left``, ``center`` or ``right``.
    """
    left, top, right, bottom = box
    mask = Image.new("L", (right - left, bottom - top))
    draw = ImageDraw.Draw(mask)
    y = 0
    for line in block.lines:
        height = line_height(line, block.size, block.leading)
        above, below = extent(line, block.size)
        baseline = y + (height - above - below) // 2 + above
        room = mask.width - line.width
        x = {"left": 0.0, "center": room / 2, "right": room}[align]
        for run in line.runs:
            draw.text(
                (x + run.x, baseline),
                run.text,
                fill=255,
                font=run.font,
                anchor="ls",
                direction="rtl" if run.rtl else "ltr",
            )
        y += height
    image.paste(colour, (left, top), mask)
