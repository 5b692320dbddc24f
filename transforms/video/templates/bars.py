"""Drawing of the template `bars`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from transforms.pictures.bars import MOST_LABELLED, Bar, Bars
from transforms.video.draw.canvas import Box
from transforms.video.templates.bar_pieces import draw_pieces, fits_inside
from transforms.video.templates.bar_rectangles import draw_rectangles
from transforms.video.templates.bar_rows import draw_rows
from transforms.video.templates.shapes import Rect, Shape, Shown, Text, View, of_range

_GAP = 5.0
_HIGHEST = 104.0
_LABEL = 46.0
_BELOW = 40.0
"""Room below a bar for labels of narrow pieces."""


def draw_bars(picture: Bars, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of bars on one scale, each with its label above or at its side."""
    area = view.area
    peers = view.alike(picture)
    if picture.bars[0].by is not None:
        yield from draw_rectangles(picture, peers, view, shown)
        return
    if picture.states or picture.measures or len(picture.bars) > MOST_LABELLED:
        yield from draw_rows(picture, peers, view, shown)
        return
    row = area.height / len(picture.bars)
    most = max(bar.size.number for peer in peers for bar in peer.bars)
    widths = [area.width * bar.size.number / most for bar in picture.bars]
    inside = all(map(partial(fits_inside, picture, view=view), picture.bars, widths))
    below = 0.0 if inside else _BELOW
    height = min(_HIGHEST, row - _LABEL - 14 - below)
    top = area.y + max(0.0, (row - _LABEL - height - 14 - below) / 2)
    for at, (bar, width) in enumerate(zip(picture.bars, widths, strict=True)):
        place = Box(area.x, top + at * row + _LABEL, max(_GAP, width), height)
        yield from _bar(picture, bar, place, view, shown)


def _bar(picture: Bars, bar: Bar, place: Box, view: View, shown: Shown) -> Iterator[Shape]:
    palette, seen = view.palette, shown[bar.id]
    text = Box(view.area.x, place.y - _LABEL, view.area.width, _LABEL)
    ink = view.fade(palette.ink, of_range(seen, 0, 0.4))
    yield Text(picture.text(bar, view.language), text, ink, 30, "start")
    if bar.pieces:
        yield from draw_pieces(picture, bar, place, view, shown)
        return
    if bar.share is None:
        yield Rect(replace(place, width=place.width * seen), palette.accent, 8)
        return
    parts, filled = bar.parts()
    width = (place.width + _GAP) / parts
    outline = view.fade(palette.line, of_range(seen, 0, 0.4))
    for part in range(parts):
        box = replace(place, x=place.x + part * width, width=width - _GAP)
        yield Rect(box, outline, 8)
        full = of_range(seen, 0.4 + 0.6 * part / max(1, filled), 0.4 + 0.6 * (part + 1) / filled) \
            if part < filled else 0.0  # fmt: skip
        if full:
            yield Rect(replace(box, width=box.width * full), palette.accent, 8)
