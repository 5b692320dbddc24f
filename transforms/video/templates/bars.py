"""Drawing of the template `bars`."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.pictures.bars import MOST_LABELLED, Bar, Bars
from transforms.pictures.quantities import Quantity, show
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import mix
from transforms.video.templates.shapes import Line, Rect, Shape, Shown, Text, View, of_range

_GAP = 5.0
_HIGHEST = 104.0
_LABEL = 46.0
_PIECE = 40.0
_LETTER = 14.5
"""Width of a letter of a label, at most on average."""


def draw_bars(picture: Bars, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of bars on one scale, each with its label above or at its side."""
    area = view.area
    if picture.states or picture.measures or len(picture.bars) > MOST_LABELLED:
        yield from _rows(picture, view, shown)
        return
    row = area.height / len(picture.bars)
    below = _PIECE if any(bar.pieces for bar in picture.bars) else 0.0
    height = min(_HIGHEST, row - _LABEL - 14 - below)
    peers = [peer for peer in view.peers if isinstance(peer, Bars)] or [picture]
    most = max(bar.size.number for peer in peers for bar in peer.bars)
    top = area.y + max(0.0, (row - _LABEL - height - 14 - below) / 2)
    for at, bar in enumerate(picture.bars):
        place = Box(area.x, top + at * row, area.width * bar.size.number / most, _LABEL + height)
        yield from _bar(bar, place, height, view, shown)


def _bar(bar: Bar, place: Box, height: float, view: View, shown: Shown) -> Iterator[Shape]:
    palette, seen = view.palette, shown[bar.id]
    text = Box(view.area.x, place.y, view.area.width, _LABEL)
    ink = view.fade(palette.ink, of_range(seen, 0, 0.4))
    yield Text(bar.text(view.language), text, ink, 30, "start")
    parts, filled = bar.parts()
    y = place.y + _LABEL
    if bar.pieces:
        box = Box(place.x, y, place.width, height)
        yield from _pieces(bar, box, view, shown)
        return
    if bar.share is None:
        yield Rect(Box(place.x, y, max(_GAP, place.width) * seen, height), palette.accent, 8)
        return
    width = (place.width + _GAP) / parts
    outline = view.fade(palette.line, of_range(seen, 0, 0.4))
    for part in range(parts):
        box = Box(place.x + part * width, y, width - _GAP, height)
        yield Rect(box, outline, 8)
        full = of_range(seen, 0.4 + 0.6 * part / max(1, filled), 0.4 + 0.6 * (part + 1) / filled) \
            if part < filled else 0.0  # fmt: skip
        if full:
            yield Rect(Box(box.x, y, box.width * full, height), palette.accent, 8)


def _pieces(bar: Bar, place: Box, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the outline of a bar, and its pieces end to end, each with its label below."""
    palette, area = view.palette, view.area
    yield Rect(place, view.fade(palette.line, shown[bar.id]), 8)
    colours = (palette.accent, view.second, mix(palette.accent, palette.background, 0.45))
    x, ends = place.x, [area.x]
    for at, piece in enumerate(bar.pieces):
        seen = shown[piece.id]
        width = place.width * piece.size.number / bar.size.number
        gap = _GAP if width > 4 * _GAP else 1.0
        box = Box(x, place.y, max(2.0, width - gap) * seen, place.height)
        yield Rect(box, colours[at % len(colours)], 8)
        text = bar.piece_text(piece, view.language)
        wide = 20 + _LETTER * len(text)
        left = min(max(ends[-1], x + (width - wide) / 2), area.right - wide)
        ends.append(left + wide)
        ink = view.fade(palette.ink, of_range(seen, 0.4, 1))
        yield Text(text, Box(left, place.bottom + 4, wide, _PIECE - 6), ink, 26)
        x += width


def _rows(picture: Bars, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of bars that move and grow, with lines for mean, median and mode."""
    area, palette = view.area, view.palette
    head = 44.0 if picture.measures else 0.0
    row = min(84.0, (area.height - head) / len(picture.bars))
    top = area.y + head + (area.height - head - row * len(picture.bars)) / 2
    side = 190.0 if any(bar.label for bar in picture.bars) else 0.0
    left, full = area.x + side, area.width - side - 130
    values = picture.values(shown)
    for bar, place, value in zip(picture.bars, picture.places(shown), values, strict=True):
        seen, y = shown[bar.id], top + place * row
        ink = view.fade(palette.ink, of_range(seen, 0, 0.4))
        if side:
            yield Text(bar.label, Box(area.x, y, side - 20, row), ink, 28, "end")
        wide = full * value / picture.most() * seen
        yield Rect(Box(left, y + 6, wide, row - 12), palette.accent, 8)
        text = show(Quantity(round(value, 1), bar.size.unit), view.language)
        yield Text(text, Box(left + wide + 12, y, 118, row), ink, 28, "start")
    plain = picture.values(shown, level=False)
    ends = [area.x]
    colours = (view.second, palette.ink, palette.muted)[: len(picture.measures)]
    lines = zip(picture.measures, colours, strict=True)
    for line, colour in sorted(lines, key=lambda each: each[0].of(plain)):
        seen = shown[line.id]
        x = left + full * line.of(plain) / picture.most()
        if seen:
            foot = top - 6 + (row * len(picture.bars) + 12) * seen
            yield Line(((x, top - 6), (x, foot)), view.fade(colour, seen), 5)
        text = line.text(plain, view.language)
        wide = 20 + _LETTER * len(text)
        at = max(ends[-1], x - wide / 2)
        ends.append(at + wide + 8)
        yield Text(text, Box(at, top - 48, wide, 40), view.fade(colour, seen), 26)
