"""Slides as pictures: before and after everything on them has appeared."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from transforms.video.draw.canvas import Box, Canvas, Pixels
from transforms.video.draw.design import (
    CAPTION_GROUND,
    CAPTION_HEIGHT,
    CAPTION_INK,
    CAPTION_SIZES,
    CAPTION_TOP,
    CAPTION_WIDTH,
    HEIGHT,
    MARGIN,
    PROGRESS_BOTTOM,
    PROGRESS_HEIGHT,
    PROGRESS_TOP,
    STRONG,
    Palette,
    theme,
)
from transforms.video.draw.elements import Element
from transforms.video.draw.layouts import decorate, lay_out
from transforms.video.draw.typeset import Typesetter
from transforms.video.plan.captions import LINES
from transforms.video.plan.pages import Page

_LIGHT = frozenset({"scene", "quiz", "answer"})
"""Kinds of slides that are light unless a theme is asked for."""
_RTL_LANGUAGES = frozenset({"ar", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"})


@dataclass(frozen=True)
class Slide:
    """A slide before and after everything on it has appeared.

    Attributes:
        blank: the background alone.
        base: with what stands from the beginning.
        full: with everything.
        boxes: where the elements are that appear one by one; they do not overlap.
        body: the part that is cleared at the end.
        strip: what is above it, where the progress bar goes; it starts at the top left corner.
    """

    blank: Image.Image
    base: Image.Image
    full: Image.Image
    boxes: tuple[Pixels, ...]
    body: Pixels
    strip: Image.Image


class Sketch:
    """A slide that is being drawn: first its background alone, then more and more of it.

    At 1920 x 1080 a picture takes 8 MB: who needs each state for a moment only finds it here.

    Args:
        width: pixels, even.
        height: pixels, even.

    Attributes:
        picture: what has been drawn.
        body: as in `Slide`.
        strip: as in `Slide`.
    """

    def __init__(self, page: Page, width: int, height: int) -> None:
        self._page = page
        self._palette, rtl = _look(page)
        background = self._palette.background
        self.picture = Image.new("RGB", (width, height), background)
        typesetter = Typesetter(page.language)
        canvas = Canvas(self.picture, height / HEIGHT, background, typesetter, rtl)
        decorate(canvas, page, self._palette)
        self.body = canvas.pixels(Box(0, PROGRESS_BOTTOM, canvas.width, HEIGHT - PROGRESS_BOTTOM))
        self.strip = self.picture.crop(canvas.pixels(Box(0, 0, canvas.width, PROGRESS_BOTTOM)))
        self._canvas = canvas
        self._later: list[Element] = []

    def begin(self) -> tuple[Pixels, ...]:
        """Draw what stands from the beginning.

        Returns:
            `Slide.boxes`.
        """
        self._later = lay_out(self._canvas, self._page, self._palette)
        return tuple(self._canvas.pixels(element.box) for element in self._later)

    def finish(self) -> None:
        """Draw what appears later."""
        for element in self._later:
            element.draw(self._canvas)


def draw_slide(page: Page, width: int, height: int) -> Slide:
    """Draw a slide.

    Args:
        width: pixels, even.
        height: pixels, even.
    """
    sketch = Sketch(page, width, height)
    blank = sketch.picture.copy()
    boxes = sketch.begin()
    base = sketch.picture.copy()
    sketch.finish()
    return Slide(blank, base, sketch.picture, boxes, sketch.body, sketch.strip)


def draw_progress(
    page: Page, strip: Image.Image, height: int, section: int, sections: int, share: float
) -> Image.Image:
    """The strip above a slide, showing how far the lesson is.

    Args:
        strip: the empty strip, `Slide.strip`.
        height: of the whole picture in pixels.
        section: index of the section that is on.
        sections: how many there are.
        share: how much of the section is done, 0-1.
    """
    palette, rtl = _look(page)
    picture = strip.copy()
    canvas = Canvas(picture, height / HEIGHT, palette.background, Typesetter(page.language), rtl)
    gap = 8.0
    width = (canvas.width - 2 * MARGIN + gap) / sections - gap
    for i in range(sections):
        done = 1.0 if i < section else share if i == section else 0.0
        bar = Box(MARGIN + i * (width + gap), PROGRESS_TOP, width, PROGRESS_HEIGHT)
        canvas.rounded(bar, palette.line, PROGRESS_HEIGHT / 2)
        if done:
            filled = Box(bar.x, bar.y, max(PROGRESS_HEIGHT, width * done), bar.height)
            canvas.rounded(filled, palette.accent, PROGRESS_HEIGHT / 2)
    return picture


def caption_box(width: int, height: int) -> Pixels:
    """Where captions stand that are part of a picture of that size."""
    scale = height / HEIGHT
    left = round((width - CAPTION_WIDTH * scale) / 4) * 2
    top, bottom = (round(y * scale / 2) * 2 for y in (CAPTION_TOP, CAPTION_TOP + CAPTION_HEIGHT))
    return left, top, width - left, bottom


def draw_caption(page: Page, foot: Image.Image, height: int, text: str) -> Image.Image:
    """What a slide shows below its content, with a caption on it.

    Args:
        foot: the same without, cut from the slide at `caption_box`.
        height: of the whole picture in pixels.
        text: lines; empty for no caption.
    """
    picture = foot.copy()
    typesetter = Typesetter(page.language)
    canvas = Canvas(picture, height / HEIGHT, CAPTION_GROUND, typesetter)
    room = picture.height / canvas.scale / LINES
    blocks = [
        canvas.fit(line, canvas.width - 32, room, CAPTION_SIZES, style=STRONG, leading=1.2,
                   max_lines=1)
        for line in text.split("\n")[:LINES] if line
    ]  # fmt: skip
    blocks = [block for block in blocks if block.lines]
    if not blocks:
        return picture
    wide = max(block.width for block in blocks) / canvas.scale + 32
    top = room * (LINES - len(blocks))
    left = (canvas.width - wide) / 2
    canvas.rounded(Box(left, top, wide, room * len(blocks)), CAPTION_GROUND, 10)
    for i, block in enumerate(blocks):
        line = Box(0, top + i * room, canvas.width, room)
        canvas.text(block, line, CAPTION_INK, "center", middle=True)
    return picture


def _look(page: Page) -> tuple[Palette, bool]:
    """The palette of a page, and whether its layout is mirrored."""
    colours = theme(page.subject)
    light = page.look.theme == "light" or (page.look.theme == "auto" and page.kind in _LIGHT)
    palette = colours.light if light else colours.dark
    return palette, page.language.lower().split("-")[0] in _RTL_LANGUAGES
