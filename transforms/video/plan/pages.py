"""The text content of one slide, independent of its layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from transforms.model import THINKING, Visual
from transforms.video.plan.visual_texts import visual_texts

MAX_BULLETS = 6
"""Bullets, takeaways or credits of one slide; further ones are not shown."""
MAX_CHOICES = 6
"""Choices of a quiz question; further ones are not shown."""
THINKING_TICKS = round(THINKING)
"""Segments of the bar that fills during the thinking time, one per second."""
_NO_VISUAL = Visual()

Theme = Literal["auto", "dark", "light"]


@dataclass(frozen=True)
class Look:
    """Appearance that all slides of a lesson share.

    Attributes:
        theme: ``auto`` is dark for the first and last slides and light in between.
        logo: path of a picture to draw in the corner of every slide; None for no logo.
    """

    theme: Theme = "auto"
    logo: str | None = None


PLAIN = Look()
"""The look without a logo."""


@dataclass(frozen=True)
class Page:
    """The text content of one slide.

    Attributes:
        kind: selects the layout.
        subject: school subject; selects the theme.
        language: BCP-47 tag.
        label: small line above the heading.
        heading: the largest text.
        lines: bullets, takeaways, choices, the hook of a title or the credits of an end card.
        visual: diagram beside or instead of the bullets.
        answer: index of the right choice.
        note: explanation of the right choice.
        look: appearance shared with the other slides.
    """

    kind: Literal["intro", "title", "scene", "takeaways", "quiz", "answer", "end"]
    subject: str
    language: str
    label: str
    heading: str
    lines: tuple[str, ...] = ()
    visual: Visual = _NO_VISUAL
    answer: int = 0
    note: str = ""
    look: Look = PLAIN


def element_texts(page: Page) -> tuple[tuple[str, ...], ...]:
    """Return the text of each element that `draw_slide` reveals, in the same order.

    The texts are grouped; the groups are narrated in parallel, such as the bullets and the visual
    beside them.
    """
    if page.kind in ("intro", "end") or page.visual.kind == "picture":
        return ()
    if page.kind == "title":
        return (page.lines[:1],)
    if page.kind == "quiz":
        return (page.lines[:MAX_CHOICES], ("",) * THINKING_TICKS)
    if page.kind == "answer":
        right = page.lines[:MAX_CHOICES][page.answer : page.answer + 1]
        return (right, (page.note,) if page.note else ())
    lines = page.lines[:MAX_BULLETS]
    return (lines, visual_texts(page.visual)) if page.kind == "scene" else (lines,)
