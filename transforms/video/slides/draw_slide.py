"""Drawing of slides: background, initial state, final state, progress bar and captions."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from transforms.pictures.picture import PictureError, read_picture
from transforms.text.language import is_rtl_language
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
    PICTURE_HEIGHT,
    PICTURE_TOP,
    PROGRESS_BOTTOM,
    PROGRESS_HEIGHT,
    PROGRESS_TOP,
    STRONG,
    Palette,
    theme,
)
from transforms.video.draw.elements import Element
from transforms.video.draw.typeset import Typesetter
from transforms.video.plan.captions import MAX_LINES
from transforms.video.plan.pages import Page
from transforms.video.slides.layouts import decorate, lay_out
from transforms.video.templates.stage import Stage

_LIGHT_KINDS = frozenset({"scene", "quiz", "answer"})
"""Kinds of slides that the ``auto`` theme makes light."""


@dataclass(frozen=True)
class Slide:
    """A slide before and after all its elements are revealed.

    Attributes:
        blank: the background alone.
        base: with the parts visible from the beginning.
        full: with everything.
        boxes: areas of the elements that are revealed one by one; they do not overlap.
        body: area that fades out at the end.
        strip: area above `body` for the progress bar, starting at the top left corner.
    """

    blank: Image.Image
    base: Image.Image
    full: Image.Image
    boxes: tuple[Pixels, ...]
    body: Pixels
    strip: Image.Image


class SlideDrawing:
    """Draws a slide in steps: background, base, elements.

    A picture takes 8 MB at 1920 x 1080. A caller that needs each state only briefly avoids the
    three copies of a `Slide`.

    Args:
        page: content.
        width: pixels, even.
        height: pixels, even.

    Attributes:
        picture: the current state.
        body: as in `Slide`.
        strip: as in `Slide`.
        stage: draws the picture of the slide, once the base is drawn; None if it has none.
    """

    def __init__(self, page: Page, width: int, height: int) -> None:
        self._page = page
        self._palette, rtl = _palette_and_direction(page)
        background = self._palette.background
        self.picture = Image.new("RGB", (width, height), background)
        typesetter = Typesetter(page.language)
        canvas = Canvas(self.picture, height / HEIGHT, background, typesetter, rtl)
        decorate(canvas, page, self._palette)
        self.body = canvas.pixels(Box(0, PROGRESS_BOTTOM, canvas.width, HEIGHT - PROGRESS_BOTTOM))
        self.strip = self.picture.crop(canvas.pixels(Box(0, 0, canvas.width, PROGRESS_BOTTOM)))
        self._canvas = canvas
        self._elements: list[Element] = []
        self.stage: Stage | None = None

    def draw_base(self) -> tuple[Pixels, ...]:
        """Draw the parts visible from the beginning.

        Returns:
            `Slide.boxes`.
        """
        self._elements = lay_out(self._canvas, self._page, self._palette)
        self.stage = self._make_stage()
        if self.stage is not None:
            self._put(self.stage.first())
        return tuple(self._canvas.pixels(element.box) for element in self._elements)

    def draw_elements(self) -> None:
        """Draw the elements that are revealed later."""
        for element in self._elements:
            element.draw(self._canvas)
        if self.stage is not None:
            self._put(self.stage.last())

    def _make_stage(self) -> Stage | None:
        page = self._page
        if page.kind != "scene" or page.visual.kind != "picture":
            return None
        try:
            picture = read_picture(page.visual.text)
        except PictureError:
            return None
        area = Box(MARGIN, PICTURE_TOP, self._canvas.width - 2 * MARGIN, PICTURE_HEIGHT)
        return Stage(self._canvas, picture, area, self._palette)

    def _put(self, box: Pixels) -> None:
        assert self.stage is not None
        self.picture.paste(self.stage.part(box), box)


def draw_slide(page: Page, width: int, height: int) -> Slide:
    """Draw a page of the storyboard as a slide.

    Args:
        width: pixels, even.
        height: pixels, even.
    """
    drawing = SlideDrawing(page, width, height)
    blank = drawing.picture.copy()
    boxes = drawing.draw_base()
    base = drawing.picture.copy()
    drawing.draw_elements()
    return Slide(blank, base, drawing.picture, boxes, drawing.body, drawing.strip)


def draw_progress(
    page: Page, strip: Image.Image, height: int, section: int, sections: int, share: float
) -> Image.Image:
    """Return the strip above a slide with the progress bar.

    Args:
        strip: the empty strip, `Slide.strip`.
        height: of the whole picture in pixels.
        section: index of the current section.
        sections: number of sections.
        share: completed share of the section, 0-1.
    """
    palette, rtl = _palette_and_direction(page)
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
    """Return the area of burned-in captions in a picture of that size."""
    scale = height / HEIGHT
    left = round((width - CAPTION_WIDTH * scale) / 4) * 2
    top, bottom = (round(y * scale / 2) * 2 for y in (CAPTION_TOP, CAPTION_TOP + CAPTION_HEIGHT))
    return left, top, width - left, bottom


def draw_caption(page: Page, caption_ground: Image.Image, height: int, text: str) -> Image.Image:
    """Return the caption area of a slide with a caption on it.

    Args:
        caption_ground: the area without caption, cropped from the slide at `caption_box`.
        height: of the whole picture in pixels.
        text: lines; empty for no caption.
    """
    picture = caption_ground.copy()
    typesetter = Typesetter(page.language)
    canvas = Canvas(picture, height / HEIGHT, CAPTION_GROUND, typesetter)
    room = picture.height / canvas.scale / MAX_LINES
    blocks = [
        canvas.fit(line, canvas.width - 32, room, CAPTION_SIZES, style=STRONG, leading=1.2,
                   max_lines=1)
        for line in text.split("\n")[:MAX_LINES] if line
    ]  # fmt: skip
    blocks = [block for block in blocks if block.lines]
    if not blocks:
        return picture
    wide = max(block.width for block in blocks) / canvas.scale + 32
    top = room * (MAX_LINES - len(blocks))
    left = (canvas.width - wide) / 2
    canvas.rounded(Box(left, top, wide, room * len(blocks)), CAPTION_GROUND, 10)
    for i, block in enumerate(blocks):
        line = Box(0, top + i * room, canvas.width, room)
        canvas.text(block, line, CAPTION_INK, "center", middle=True)
    return picture


def _palette_and_direction(page: Page) -> tuple[Palette, bool]:
    """Return the palette of a page, and True if its layout is mirrored."""
    colours = theme(page.subject)
    light = page.look.theme == "light" or (page.look.theme == "auto" and page.kind in _LIGHT_KINDS)
    palette = colours.light if light else colours.dark
    return palette, is_rtl_language(page.language)
