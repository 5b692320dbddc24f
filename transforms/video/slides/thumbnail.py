"""The thumbnail of a lesson, as JPEG and WebP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import JpegImagePlugin, WebPImagePlugin  # noqa: F401  (or Pillow loads every plug-in)

from transforms.pictures.picture import picture_labels
from transforms.video.draw.design import (
    HEADING,
    TITLE_HEIGHT,
    TITLE_LEADING,
    TITLE_LINES,
    TITLE_SIZES,
    TITLE_WIDTH,
)
from transforms.video.draw.typeset import Typesetter
from transforms.video.plan.pages import Page
from transforms.video.plan.storyboard import Storyboard
from transforms.video.slides.draw_slide import draw_slide

WIDTH, HEIGHT = 1280, 720
JPEG_QUALITY, WEBP_QUALITY = 88, 84
MIN_LEGIBLE_SIZE = TITLE_SIZES[4]
"""Design pixels; a smaller title cannot be read in a list of thumbnails."""
_VISUALS_BY_CLARITY = (
    "picture",
    "formula",
    "worked",
    "cycle",
    "plot",
    "number-line",
    "timeline",
    "process",
)
"""Kinds of visuals that work as a thumbnail, best first."""


def write_thumbnail(folder: Path, board: Storyboard) -> str:
    """Write ``thumbnail.jpg`` and ``thumbnail.webp``, 1280 x 720 pixels at every video size.

    Returns:
        The alternative text.
    """
    page = best_page([shot.page for shot in board.shots])
    picture = draw_slide(page, WIDTH, HEIGHT).full
    jpeg, webp = folder / "thumbnail.jpg", folder / "thumbnail.webp"
    picture.save(jpeg, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    picture.save(webp, "WEBP", quality=WEBP_QUALITY, method=2)
    return alt_text(page, board.title)


def best_page(pages: Sequence[Page]) -> Page:
    """Return the page that is most informative as a thumbnail.

    That is the title slide, which has the largest letters and the subject's ornament. If its title
    is too long to be set in large letters, a visual is preferred.
    """
    title = next((page for page in pages if page.kind == "title"), pages[0])
    if _is_legible(title):
        return title
    shown = {page.visual.kind: page for page in reversed(pages) if page.kind == "scene"}
    return next((shown[kind] for kind in _VISUALS_BY_CLARITY if kind in shown), title)


def alt_text(page: Page, title: str) -> str:
    """Return a one-sentence alternative text for a page."""
    if page.kind == "title":
        return title
    shown = "; ".join(page.visual.items[:6]) or page.visual.text
    if page.visual.kind == "picture":
        shown = "; ".join(picture_labels(page.visual.text, page.language))
    return f"{title}. {page.heading}" + (f": {shown}" if shown else "")


def _is_legible(title: Page) -> bool:
    block = Typesetter(title.language).fit(
        title.heading,
        TITLE_WIDTH,
        TITLE_HEIGHT,
        [MIN_LEGIBLE_SIZE],
        style=HEADING,
        leading=TITLE_LEADING,
        max_lines=TITLE_LINES,
    )
    return block.whole
