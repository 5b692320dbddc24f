"""What one slide says, in words alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from transforms.model import THINKING, Visual
from transforms.video.pictures.visuals import visual_parts

MOST_BULLETS = 6
MOST_CHOICES = 6
TICKS = round(THINKING)
"""Parts of the bar that fills while the viewer thinks, one a second."""
_NOTHING = Visual()

Theme = Literal["auto", "dark", "light"]


@dataclass(frozen=True)
class Look:
    """What all slides of a lesson share.

    Attributes:
        theme: ``auto`` is dark for the first and the last slides and light in between.
        logo: path of a picture that stands in a corner of every slide; None for none.
    """

    theme: Theme = "auto"
    logo: str | None = None


PLAIN = Look()


@dataclass(frozen=True)
class Page:
    """What one slide says.

    Attributes:
        label: small line above the heading.
        lines: bullets, takeaways, choices, the hook of a title or the credits of an end card.
        answer: index of the right choice.
        note: why it is right.
    """

    kind: Literal["intro", "title", "scene", "takeaways", "quiz", "answer", "end"]
    subject: str
    language: str
    label: str
    heading: str
    lines: tuple[str, ...] = ()
    visual: Visual = _NOTHING
    answer: int = 0
    note: str = ""
    look: Look = PLAIN


def parts(page: Page) -> tuple[tuple[str, ...], ...]:
    """The words of each element that `draw_slide` lets appear, in the same order.

    They come in groups that are told side by side: the bullets, and what stands beside them.
    """
    if page.kind in ("intro", "end"):
        return ()
    if page.kind == "title":
        return (page.lines[:1],)
    if page.kind == "quiz":
        return (page.lines[:MOST_CHOICES], ("",) * TICKS)
    if page.kind == "answer":
        right = page.lines[:MOST_CHOICES][page.answer : page.answer + 1]
        return (right, (page.note,) if page.note else ())
    lines = page.lines[:MOST_BULLETS]
    return (lines, visual_parts(page.visual)) if page.kind == "scene" else (lines,)
