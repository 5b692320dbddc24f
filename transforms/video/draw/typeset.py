"""Typesetting: break, balance, shrink and, if necessary, truncate text to fit a box."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw

from transforms.maths.markup import shown_text
from transforms.text.bidi import is_rtl
from transforms.text.drawable_text import clean, graphemes
from transforms.video.draw.fonts import Style, drawable
from transforms.video.draw.line_breaks import LineBreaker
from transforms.video.draw.shaping import ShapedLine, extent, line_height, shape

_DEFAULT_STYLE = Style()
MAX_GRAPHEMES, MAX_CHARACTERS = 600, 20_000
"""Graphemes and characters of a text that are processed; no box of a slide holds more."""

_SMALL_MASK = 1 << 16
"""Area in pixels below which the mask of a text is kept."""


@dataclass(frozen=True)
class Block:
    """Lines of text set below each other; lengths in pixels.

    Attributes:
        lines: shaped lines.
        size: pixels per em.
        leading: distance of baselines in ems; more where letters need it.
        width: of the widest line.
        height: of all lines.
        whole: no word was broken and nothing truncated.
        rtl: base direction of the paragraph.
    """

    lines: tuple[ShapedLine, ...]
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
        """Return the part of a text that can be drawn, its marked formulas as plain Unicode."""
        cleaned = clean(shown_text(text[:MAX_CHARACTERS]))
        return drawable("".join(graphemes(cleaned)[:MAX_GRAPHEMES]), self.language)

    def fit(
        self,
        text: str,
        width: float,
        height: float,
        sizes: Sequence[float],
        *,
        style: Style = _DEFAULT_STYLE,
        leading: float = 1.35,
        max_lines: int = 99,
        balance: bool = False,
    ) -> Block:
        """Set a text in a box at the largest size that fits without breaking a word.

        Args:
            text: any text.
            width: pixels.
            height: pixels.
            sizes: pixels per em to try, largest first.
            style: weight and cut.
            leading: distance of baselines in ems.
            max_lines: maximum number of lines.
            balance: make lines about equally long, as in headings.

        Returns:
            A block no wider and no higher than the box. If no size fits, words are broken at the
            smallest size, and text that still does not fit is replaced by an ellipsis.
        """
        text = self.prepare(text)
        rtl = is_rtl(text, self.language)
        fallback: Block | None = None
        for size in sizes:
            breaker = LineBreaker(self.language, size, style, width)
            room = max(1, 1 + int(height / size / leading))
            broken = breaker.break_text(text, min(max_lines, room))
            whole = not (broken.rest or broken.words_broken)
            if whole and balance and len(broken.lines) > 1:
                broken = breaker.balance(text, broken)
            block = self._block(broken.lines, size, style, leading, rtl, whole=whole)
            if broken.rest or block.height > height:
                continue
            if whole:
                return block
            fallback = fallback or block
        if fallback:
            return fallback
        lines, rest = list(broken.lines), broken.rest
        block = self._block(lines, sizes[-1], style, leading, rtl, whole=False)
        while len(lines) > 1 and block.height > height:
            rest = lines.pop()
            block = self._block(lines, sizes[-1], style, leading, rtl, whole=False)
        if rest:
            lines[-1] = breaker.shorten(lines[-1])
        return self._block(lines, sizes[-1], style, leading, rtl, whole=False)

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
    """Draw a block at the top of a box, clipped to the box.

    Args:
        image: RGB image to draw on.
        block: result of `Typesetter.fit` for this box or a larger one.
        box: left, top, right, bottom in pixels.
        colour: RGB, 0-255.
        align: ``left``, ``center`` or ``right``.
    """
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    make = _kept_mask if width * height < _SMALL_MASK else _mask
    image.paste(colour, (left, top), make(block, width, height, align))


def _mask(block: Block, width: int, height: int, align: str) -> Image.Image:
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    y = 0
    for line in block.lines:
        height = line_height(line, block.size, block.leading)
        ink = extent(line, block.size)
        baseline = y + (height - ink.above - ink.below) // 2 + ink.above
        room = mask.width - line.width
        x = {"left": ink.left, "center": room / 2, "right": room - ink.right}[align]
        for run in line.runs:
            # FreeType fails on glyphs that are too complex; leave them out.
            with suppress(OSError):
                draw.text(
                    (x + run.x, baseline),
                    run.text,
                    fill=255,
                    font=run.font,
                    anchor="ls",
                    direction="rtl" if run.rtl else "ltr",
                )
        y += height
    return mask


_kept_mask = lru_cache(maxsize=64)(_mask)
"""A label that moves or changes its colour is set again in each frame."""
