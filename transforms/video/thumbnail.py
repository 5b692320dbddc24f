"""The picture a lesson is shown by before it is played."""

from __future__ import annotations

from pathlib import Path

from transforms.video.pages import Page
from transforms.video.slides import draw_slide

WIDTH, HEIGHT = 1280, 720
QUALITY = 88


def write_thumbnail(path: Path, title: Page) -> None:
    """Write the finished title slide as a JPEG of 1280 x 720, whatever the size of the video."""
    draw_slide(title, WIDTH, HEIGHT).full.save(
        path, "JPEG", quality=QUALITY, subsampling=0, optimize=True
    )
