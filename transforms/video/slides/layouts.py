"""Layouts of all kinds of slides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from PIL import Image

from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import (
    BODY,
    BODY_SIZES,
    CONTENT_BOTTOM,
    CONTENT_TOP,
    DEFINITION_SHARE,
    FORMULA_SHARE,
    GUTTER,
    HEADING,
    HEADING_SIZES,
    HEIGHT,
    LEAD_SIZES,
    LEADING,
    LEADING_TIGHT,
    LOGO_BOTTOM,
    LOGO_HEIGHT,
    LOGO_WIDTH,
    MARGIN,
    PANEL,
    PROGRESS_BOTTOM,
    RADIUS,
    SMALL_SIZES,
    TITLE_HEIGHT,
    TITLE_LEADING,
    TITLE_LINES,
    TITLE_SIZES,
    TITLE_WIDTH,
    Palette,
    mix,
    theme,
)
from transforms.video.draw.elements import Element, badge, fit_rows, label, row_height, stack
from transforms.video.draw.logo import load_logo
from transforms.video.draw.typeset import Block, Typesetter
from transforms.video.pictures.motifs import draw_motif
from transforms.video.pictures.panels import is_wide_formula
from transforms.video.pictures.quiz_slide import answer, quiz
from transforms.video.pictures.visuals import visual_elements
from transforms.video.plan.pages import MAX_BULLETS, Page
from transforms.video.plan.visual_texts import is_drawn

_CREDITS_HEIGHT = 250.0


def decorate(canvas: Canvas, page: Page, palette: Palette) -> None:
    """Draw the logo, and the subject's ornament on slides that have one."""
    subject = theme(page.subject).name
    if page.kind in ("intro", "title"):
        draw_motif(canvas, subject, palette.accent)
    elif page.kind == "scene" and not is_drawn(page.visual):
        picture, where = _ornament_panel(subject, palette, canvas.image.size, canvas.rtl)
        canvas.image.paste(picture, where)
    if page.look.logo is not None:
        _draw_logo(canvas, load_logo(page.look.logo))


@lru_cache(maxsize=1)  # all bullet slides of a lesson share one ornament
def _ornament_panel(
    subject: str, palette: Palette, size: tuple[int, int], rtl: bool
) -> tuple[Image.Image, tuple[int, int]]:
    """Return the ornament beside bullets and its place on a slide of `size` pixels."""
    image = Image.new("RGB", size, palette.tint)
    canvas = Canvas(image, size[1] / HEIGHT, palette.tint, Typesetter(), rtl)
    draw_motif(canvas, subject, mix(palette.tint, palette.accent, 0.55))
    left, top, right, bottom = canvas.pixels(Box(canvas.width - PANEL, 0, PANEL, HEIGHT))
    return image.crop((left, top, right, bottom)), (left, top)


def _draw_logo(canvas: Canvas, picture: Image.Image) -> None:
    """Draw the logo in the corner that neither content nor captions reach."""
    scale = min(LOGO_WIDTH / picture.width, LOGO_HEIGHT / picture.height)
    width, height = picture.width * scale, picture.height * scale
    box = Box(canvas.width - MARGIN - width, LOGO_BOTTOM - height, width, height)
    left, top, right, bottom = canvas.pixels(box)
    fitted = picture.resize((right - left, bottom - top), Image.Resampling.LANCZOS)
    canvas.image.paste(fitted, (left, top), fitted)


def lay_out(canvas: Canvas, page: Page, palette: Palette) -> list[Element]:
    """Draw the parts of a slide that are visible from the beginning.

    Returns:
        The elements to reveal later, one for each of `element_texts(page)`.
    """
    return _LAYOUTS[page.kind](canvas, page, palette)


def _fit_title(canvas: Canvas, page: Page) -> Block:
    return canvas.fit(
        page.heading,
        TITLE_WIDTH,
        TITLE_HEIGHT,
        TITLE_SIZES,
        style=HEADING,
        leading=TITLE_LEADING,
        max_lines=TITLE_LINES,
        balance=True,
    )


def _draw_title(canvas: Canvas, title: Block, top: float, palette: Palette) -> Box:
    """Draw a title with a bar below it; return the title's box."""
    box = Box(MARGIN, top, TITLE_WIDTH, canvas.height_of(title) + 4)
    canvas.text(title, box, palette.ink)
    canvas.rounded(Box(MARGIN, box.bottom + 26, 88, 6), palette.accent, 3)
    return box


def _title(canvas: Canvas, page: Page, palette: Palette) -> list[Element]:
    width = TITLE_WIDTH
    title = _fit_title(canvas, page)
    fixed = 116  # the label above, the bar between, and the space around them
    hook = canvas.fit(
        "".join(page.lines[:1]),
        width - 20,
        min(180, CONTENT_BOTTOM - PROGRESS_BOTTOM - fixed - canvas.height_of(title)),
        LEAD_SIZES,
        style=BODY,
        leading=LEADING,
        max_lines=5,
    )
    height = canvas.height_of(title) + canvas.height_of(hook) + fixed
    top = min(333 - height / 2, CONTENT_BOTTOM - height)
    kicker = label(canvas, page.label, width, (26, 24, 22, 20))
    canvas.text(kicker, Box(MARGIN, top, width, 44), palette.accent)
    box = _draw_title(canvas, title, top + 50, palette)
    place = Box(MARGIN, box.bottom + 58, width - 20, canvas.height_of(hook) + 4)
    return [Element(place, lambda on: on.text(hook, place, palette.muted)) for _ in page.lines[:1]]


def _scene(canvas: Canvas, page: Page, palette: Palette) -> list[Element]:
    width = canvas.width - 2 * MARGIN
    has_visual = is_drawn(page.visual)
    _draw_heading(canvas, page, palette, width if has_visual else width - PANEL)
    area = Box(MARGIN, CONTENT_TOP, width, CONTENT_BOTTOM - CONTENT_TOP)
    if not has_visual:
        column = Box(area.x, area.y, width - PANEL, area.height)
        return _bullets(canvas, page.lines, column, palette)
    if page.visual.kind == "picture":  # a stage draws it
        return []
    if not page.lines:
        return visual_elements(canvas, page.visual, area, palette, full_width=True)
    first = (width - GUTTER) * 0.46
    aside = Box(MARGIN + first + GUTTER, area.y, width - GUTTER - first, area.height)
    few = len(page.lines) <= 3
    wide = page.visual.kind == "definition" or (
        page.visual.kind == "formula"
        and not page.visual.items
        and is_wide_formula(canvas, page.visual, aside.width)
    )
    if few and wide:
        share = DEFINITION_SHARE if page.visual.kind == "definition" else FORMULA_SHARE
        top = Box(area.x, area.y, area.width, area.height * share)
        elements = visual_elements(canvas, page.visual, top, palette, full_width=False)
        y = elements[0].box.bottom + 30
        below = Box(area.x, y, area.width, area.bottom - y)
        return [*_bullets(canvas, page.lines, below, palette), *elements]
    return [
        *_bullets(canvas, page.lines, Box(MARGIN, area.y, first, area.height), palette),
        *visual_elements(canvas, page.visual, aside, palette, full_width=False),
    ]


def _intro(canvas: Canvas, page: Page, palette: Palette) -> list[Element]:
    name = _fit_title(canvas, page)
    _draw_title(canvas, name, 330 - canvas.height_of(name) / 2, palette)
    return []


def _takeaways(canvas: Canvas, page: Page, palette: Palette) -> list[Element]:
    width = canvas.width - 2 * MARGIN
    _draw_heading(canvas, page, palette, width)
    area = Box(MARGIN, CONTENT_TOP - 24, width, CONTENT_BOTTOM - CONTENT_TOP + 24)
    lines = [[line] for line in page.lines[:MAX_BULLETS]]
    padding = 42.0 if len(lines) < 5 else 26.0
    rows = fit_rows(canvas, lines, width - 112, area.height, BODY_SIZES, row_padding=padding + 12)
    boxes = stack(canvas, rows, area, padding=padding, gap=20)
    return [
        _takeaway(number, row[0], box, palette)
        for number, (row, box) in enumerate(zip(rows, boxes, strict=True), 1)
    ]


def _takeaway(number: int, block: Block, box: Box, palette: Palette) -> Element:
    def draw(canvas: Canvas) -> None:
        canvas.rounded(box, palette.surface, RADIUS)
        middle = box.y + box.height / 2
        badge(canvas, str(number), box.x + 46, middle, palette.accent, palette.on_accent)
        text = Box(box.x + 92, box.y, box.width - 112, box.height)
        canvas.text(block, text, palette.ink, middle=True)

    return Element(box, draw)


def _end(canvas: Canvas, page: Page, palette: Palette) -> list[Element]:
    width = canvas.width - 2 * MARGIN - 120
    left = (canvas.width - width) / 2
    title = canvas.fit(
        page.heading,
        width,
        150,
        HEADING_SIZES,
        style=HEADING,
        leading=LEADING_TIGHT,
        max_lines=3,
        balance=True,
    )
    lines = [[line] for line in page.lines[:MAX_BULLETS]]
    rows = fit_rows(canvas, lines, width, _CREDITS_HEIGHT, SMALL_SIZES[1:], row_padding=8)
    height = min(_CREDITS_HEIGHT, sum(row_height(canvas, row) + 8 for row in rows))
    y = 350 - (canvas.height_of(title) + 66 + height) / 2
    canvas.text(title, Box(left, y, width, canvas.height_of(title) + 4), palette.ink, "center")
    y += canvas.height_of(title) + 24
    canvas.rounded(Box(canvas.width / 2 - 44, y, 88, 6), palette.accent, 3)
    place = Box(left, y + 42, width, height)
    for row, box in zip(rows, stack(canvas, rows, place, padding=2, gap=6), strict=True):
        canvas.text(row[0], box, palette.muted, "center")
    return []


def _draw_heading(canvas: Canvas, page: Page, palette: Palette, width: float) -> None:
    kicker = label(canvas, page.label, width)
    canvas.text(kicker, Box(MARGIN, 70, width, 40), palette.accent)
    heading = canvas.fit(
        page.heading,
        width,
        112,
        HEADING_SIZES,
        style=HEADING,
        leading=LEADING_TIGHT,
        max_lines=2,
        balance=True,
    )
    canvas.text(heading, Box(MARGIN, 103, width, 116), palette.ink)


def _bullets(canvas: Canvas, lines: Sequence[str], area: Box, palette: Palette) -> list[Element]:
    cells = [[line] for line in lines[:MAX_BULLETS]]
    rows = fit_rows(canvas, cells, area.width - 40, area.height, BODY_SIZES, row_padding=12)
    return [
        _bullet(row[0], box, palette)
        for row, box in zip(rows, stack(canvas, rows, area, padding=2, gap=36), strict=True)
    ]


def _bullet(block: Block, box: Box, palette: Palette) -> Element:
    def draw(canvas: Canvas) -> None:
        first = block.size / canvas.scale * block.leading / 2
        canvas.disc(box.x + 9, box.y + first, 6.5, palette.accent)
        canvas.text(block, Box(box.x + 40, box.y, box.width - 40, box.height), palette.ink)

    return Element(box, draw)


_LAYOUTS: dict[str, Callable[[Canvas, Page, Palette], list[Element]]] = {
    "intro": _intro,
    "title": _title,
    "scene": _scene,
    "takeaways": _takeaways,
    "quiz": quiz,
    "answer": answer,
    "end": _end,
}
