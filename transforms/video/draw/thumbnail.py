"""The picture a lesson is shown by before it is played."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import JpegImagePlugin, WebPImagePlugin  # noqa: F401  (or Pillow loads all it has)

from transforms.video.draw.design import (
    HEADING,
    TITLE_HEIGHT,
    TITLE_LEADING,
    TITLE_LINES,
    TITLE_SIZES,
    TITLE_WIDTH,
)
from transforms.video.draw.slides import draw_slide
from transforms.video.draw.typeset import Typesetter
from transforms.video.plan.pages import Page
from transforms.video.plan.storyboard import Storyboard

WIDTH, HEIGHT = 1280, 720
JPEG_QUALITY, WEBP_QUALITY = 88, 84
LEGIBLE = TITLE_SIZES[4]
"""Design pixels; smaller letters cannot be read once the picture is as small as a list shows it."""
_PICTURES = ("formula", "worked", "cycle", "plot", "number-line", "timeline", "process")
"""What tells most at a glance, the best first."""


def write_thumbnail(folder: Path, board: Storyboard) -> str:
    """Write a finished slide as ``thumbnail.jpg`` and ``thumbnail.webp``, 1280 x 720 pixels
    whatever the size of the video.

    Returns:
        What it shows, in words.
    """
    page = best_page([shot.page for shot in board.shots])
    picture = draw_slide(page, WIDTH, HEIGHT).full
    jpeg, webp = folder / "thumbnail.jpg", folder / "thumbnail.webp"
    picture.save(jpeg, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    picture.save(webp, "WEBP", quality=WEBP_QUALITY, method=2)
    return alt_text(page, board.title)


def best_page(pages: Sequence[Page]) -> Page:
    """The slide that says most when it is small.

    That is the title slide: it has the largest letters and the subject's ornament. Where the title
    is so long that it had to be set small, a picture says more.
    """
    title = next((page for page in pages if page.kind == "title"), pages[0])
    if _legible(title):
        return title
    shown = {page.visual.kind: page for page in reversed(pages) if page.kind == "scene"}
    return next((shown[kind] for kind in _PICTURES if kind in shown), title)


def alt_text(page: Page, title: str) -> str:
    """A slide in words, for those who do not see it; no longer than a sentence or two."""
    if page.kind == "title":
        return title
    shown = "; ".join(page.visual.items[:6]) or page.visual.text
    return f"{title}. {page.heading}" + (f": {shown}" if shown else "")


def _legible(title: Page) -> bool:
    block = Typesetter(title.language).fit(
        title.heading,
        TITLE_WIDTH,
        TITLE_HEIGHT,
        [LEGIBLE],
        style=HEADING,
        leading=TITLE_LEADING,
        max_lines=TITLE_LINES,
    )
    return block.whole
