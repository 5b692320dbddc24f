"""Drawing of the pieces of a bar, end to end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from transforms.pictures.bars import Bar, Bars, Piece
from transforms.pictures.template import Hue
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour, contrast
from transforms.video.templates.hues import hue
from transforms.video.templates.shapes import LETTER, Rect, Shape, Shown, Text, View, of_range

_GAP = 5.0
_BELOW = 34.0
_SPACE = 20.0
"""Space around a label."""
_SMALL_LETTER = 12.0
"""Width of a letter of the smallest labels, on average."""


def fits_inside(picture: Bars, bar: Bar, width: float, *, view: View) -> bool:
    """Return whether all named pieces of a bar of this width have room for their labels."""
    return all(_fits(picture, bar, piece, width, view) for piece in bar.pieces if piece.label)


def draw_pieces(picture: Bars, bar: Bar, place: Box, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the outline of a bar and its pieces, each with its label inside, or else below."""
    palette, area = view.palette, view.area
    yield Rect(place, view.fade(palette.line, shown[bar.id]), 8)
    x, end = place.x, area.x
    for piece, colours in zip(bar.pieces, cycle(_colours(view)), strict=False):
        fill, ink = _natural(piece.hue, view) if piece.hue else colours
        seen = shown[bar.id] * shown[piece.id]
        width = place.width * piece.size.number / bar.size.number
        gap = _GAP if width > 4 * _GAP else 1.0
        box = Box(x, place.y, max(2.0, width - gap) * seen, place.height)
        yield Rect(box, fill, 8)
        text = picture.text(piece, view.language)
        if _fits(picture, bar, piece, place.width, view):
            inside = Box(x + 6, place.y, width - 12, place.height)
            yield Text(text if seen > 0.6 else "", inside, ink, 28, lines=2)
        elif piece.label:
            wide = min(_SPACE + LETTER * len(text), area.width)
            end = min(max(end, x + (width - wide) / 2), area.right - wide) + wide
            below = Box(end - wide, place.bottom + 4, wide, _BELOW)
            yield Text(text, below, view.fade(palette.ink, of_range(seen, 0.4, 1)), 26)
        x += width


def _fits(picture: Bars, bar: Bar, piece: Piece, width: float, view: View) -> bool:
    text = picture.text(piece, view.language)
    longest = max(map(len, text.split()), default=0)
    needed = _SPACE + _SMALL_LETTER * max(longest, len(text) * 0.6)
    return needed <= width * piece.size.number / bar.size.number


def _colours(view: View) -> tuple[tuple[Colour, Colour], ...]:
    """Return fill and ink of pieces next to each other."""
    palette = view.palette
    return (
        (palette.accent, palette.on_accent),
        (view.second, palette.background),
        (palette.muted, palette.background),
    )


def _natural(name: Hue, view: View) -> tuple[Colour, Colour]:
    """Return a natural colour, and that of the theme which can best be read on it."""
    fill = hue(name, view.palette)
    inks = (view.palette.ink, view.palette.background)
    return fill, max(inks, key=lambda ink: contrast(ink, fill))
