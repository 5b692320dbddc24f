"""What one slide says, in words alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from transforms.model import Visual
from transforms.video.visuals import visual_parts

MOST_BULLETS = 6
_NOTHING = Visual()


@dataclass(frozen=True)
class Page:
    """What one slide says.

    Attributes:
        label: small line above the heading.
        lines: bullets, takeaways, the hook of a title or the credits of an end card.
    """

    kind: Literal["title", "scene", "takeaways", "end"]
    subject: str
    language: str
    label: str
    heading: str
    lines: tuple[str, ...] = ()
    visual: Visual = _NOTHING


def parts(page: Page) -> tuple[tuple[str, ...], ...]:
    """The words of each element that `draw_slide` lets appear, in the same order.

    They come in groups that are told side by side: the bullets, and what stands beside them.
    """
    if page.kind == "end":
        return ()
    if page.kind == "title":
        return (page.lines[:1],)
    lines = page.lines[:MOST_BULLETS]
    return (lines, visual_parts(page.visual)) if page.kind == "scene" else (lines,)
