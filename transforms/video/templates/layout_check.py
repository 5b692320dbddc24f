"""Check of a picture's layout: labels fit, keep apart, stand out, and lie inside the safe area.

A template computes its layout, so there is nothing to solve for: what is checked is what it draws,
in each state that the narration reaches and in both themes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations

from transforms.pictures.picture import Picture, PictureError, read_picture
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import (
    MARGIN,
    PICTURE_HEIGHT,
    PICTURE_TOP,
    Colour,
    Palette,
    contrast,
    theme,
)
from transforms.video.draw.typeset import Typesetter
from transforms.video.templates.shapes import Disc, Rect, Shape, Text, View, fitted
from transforms.video.templates.stage import draw_picture

ROOM = Box(MARGIN, PICTURE_TOP, 1280 - 2 * MARGIN, PICTURE_HEIGHT)
LEAST_CONTRAST = 3.0
"""Of large letters to their ground (WCAG 2.2, AA); the smallest in a picture count as large."""
_AROUND = 24.0
"""Design pixels around the room that heads of arrows and the first row may touch."""
_TOUCH = 3.0
"""Design pixels by which the boxes of two lines of text may overlap without touching."""

CLIPPED = "a label does not fit into its place; write it shorter"
OVERLAPPING = "two labels overlap; write them shorter, or show fewer things"
OUTSIDE = "a part lies outside the room of the picture; show fewer things or smaller numbers"
FAINT = "a label can hardly be told from its ground; show fewer things there"


@lru_cache(maxsize=512)  # lessons of cards come again and again
def layout_problems(text: str, language: str = "en", subject: str = "") -> tuple[str, ...]:
    """Return what is not legible in the picture of a JSON text; nothing if it cannot be drawn.

    Args:
        text: the picture, with its beats.
        language: tag of the language of its labels.
        subject: subject of the lesson, which has colours of its own.
    """
    try:
        picture = read_picture(text)
    except PictureError:
        return ()
    colours = theme(subject)
    found: dict[str, None] = {}
    for palette in (colours.light, colours.dark):
        contrasts: dict[str, float] = {}
        for shown in _states(picture):
            view = View(ROOM, palette, language)
            shapes = list(draw_picture(picture, view, shown))
            found |= dict.fromkeys(_problems(shapes, palette, Typesetter(language), contrasts))
        if min(contrasts.values(), default=LEAST_CONTRAST) < LEAST_CONTRAST:
            found[FAINT] = None
    return tuple(found)


def _states(picture: Picture) -> Iterator[dict[str, float]]:
    """Yield the states of this scene and those of earlier ones."""
    shown = {**picture.at_start(), **dict.fromkeys(picture.before, 0.0)}
    yield dict(shown)
    for name in (*picture.before, *(beat.show for beat in picture.beats)):
        shown[name] = 1.0
        yield dict(shown)


def _problems(
    shapes: Sequence[Shape],
    palette: Palette,
    typesetter: Typesetter,
    contrasts: dict[str, float],
) -> Iterator[str]:
    """Yield problems of one state; enter the best contrast of each label so far.

    What has been told may fade once it has been legible.
    """
    inks = []
    for at, shape in enumerate(shapes):
        if not isinstance(shape, Text):
            if not _visible(shape, palette) or _inside(shape.bounds):
                continue
            yield OUTSIDE
        elif shape.text and shape.colour != palette.background:
            block = fitted(shape, 1.0, typesetter)
            if not block.whole:
                yield CLIPPED
            ink = _ink(shape, block.width, block.height)
            if not _inside(ink):
                yield OUTSIDE
            now = contrast(shape.colour, _ground(shapes[:at], ink, palette))
            contrasts[shape.text] = max(now, contrasts.get(shape.text, 0.0))
            inks.append(ink)
    if any(_overlap(one, other) for one, other in combinations(inks, 2)):
        yield OVERLAPPING


def _visible(shape: Shape, palette: Palette) -> bool:
    return getattr(shape, "colour", None) != palette.background


def _inside(box: Box) -> bool:
    room = ROOM.inset(-_AROUND)
    return (
        box.x >= room.x and box.y >= room.y and box.right <= room.right
        and box.bottom <= room.bottom
    )  # fmt: skip


def _ink(text: Text, width: float, height: float) -> Box:
    """Return the part of a text's box that its lines take."""
    spare = text.box.width - width
    left = {"start": 0.0, "center": spare / 2, "end": spare}[text.align]
    top = max(0.0, (text.box.height - height) / 2)
    return Box(text.box.x + left, text.box.y + top, width, height)


def _ground(below: Sequence[Shape], ink: Box, palette: Palette) -> Colour:
    """Return the colour under the middle of a text."""
    x, y = ink.x + ink.width / 2, ink.y + ink.height / 2
    for shape in reversed(below):
        box = shape.bounds
        if isinstance(shape, Rect | Disc) and box.x <= x <= box.right and box.y <= y <= box.bottom:
            return shape.colour
    return palette.background


def _overlap(one: Box, other: Box) -> bool:
    across = min(one.right, other.right) - max(one.x, other.x)
    down = min(one.bottom, other.bottom) - max(one.y, other.y)
    return across > _TOUCH and down > 2 * _TOUCH
