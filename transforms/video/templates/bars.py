"""Drawing of the template `bars`."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.pictures.bars import Bar, Bars
from transforms.pictures.quantities import show
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour
from transforms.video.templates.shapes import Rect, Shape, Shown, Text, View, of_range

_GAP = 5.0
_LABEL = 46.0
_SIDE = 130.0
"""Room beside a rectangle for its height."""


def draw_bars(picture: Bars, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of bars on one scale, each with its label above."""
    if picture.bars[0].by is not None:
        yield from _rectangles(picture, view, shown)
        return
    area = view.area
    row = area.height / len(picture.bars)
    height = min(74.0 if len(picture.bars) > 2 else 110.0, row - _LABEL - 14)
    peers = [peer for peer in view.peers if isinstance(peer, Bars)] or [picture]
    most = max(bar.size.number for peer in peers for bar in peer.bars)
    top = area.y + max(0.0, (row - _LABEL - height - 14) / 2)
    for at, bar in enumerate(picture.bars):
        place = Box(area.x, top + at * row, area.width * bar.size.number / most, _LABEL + height)
        yield from _bar(picture, bar, place, height, view, shown)


def _bar(
    picture: Bars, bar: Bar, place: Box, height: float, view: View, shown: Shown
) -> Iterator[Shape]:
    palette, seen = view.palette, shown[bar.id]
    line = Box(view.area.x, place.y, view.area.width, _LABEL)
    ink = view.fade(palette.ink, of_range(seen, 0, 0.4))
    yield Text(picture.text(bar, view.language), line, ink, 30, "start")
    parts, filled = bar.parts()
    y = place.y + _LABEL
    outline = view.fade(palette.line, of_range(seen, 0, 0.4))
    if bar.pieces:
        yield Rect(Box(place.x, y, place.width, height), outline, 8)
        left = place.x
        for piece, colour in zip(bar.pieces, _colours(view), strict=False):
            width = place.width * piece.size.number / bar.size.number
            box = Box(left, y, width, height)
            text = picture.text(piece, view.language)
            yield from _piece(text, box, colour, view, seen * shown[piece.id])
            left += width
        return
    if bar.share is None:
        yield Rect(Box(place.x, y, place.width * seen, height), palette.accent, 8)
        return
    width = (place.width + _GAP) / parts
    for part in range(parts):
        box = Box(place.x + part * width, y, width - _GAP, height)
        yield Rect(box, outline, 8)
        full = of_range(seen, 0.4 + 0.6 * part / max(1, filled), 0.4 + 0.6 * (part + 1) / filled) \
            if part < filled else 0.0  # fmt: skip
        if full:
            yield Rect(Box(box.x, y, box.width * full, height), palette.accent, 8)


def _colours(view: View) -> tuple[tuple[Colour, Colour], ...]:
    """Return fill and ink of each piece of a bar."""
    palette = view.palette
    pair = ((palette.accent, palette.on_accent), (view.second, palette.background))
    return (*pair, (palette.muted, palette.background), *pair, (palette.muted, palette.background))


def _piece(
    text: str, box: Box, colours: tuple[Colour, Colour], view: View, seen: float
) -> Iterator[Shape]:
    if not seen:
        return
    fill, ink = colours
    yield Rect(Box(box.x, box.y, (box.width - _GAP / 2) * seen, box.height), fill, 8)
    if seen > 0.6 and box.width > 56:
        yield Text(text, Box(box.x + 6, box.y, box.width - 12, box.height), ink, 28, lines=2)


def _rectangles(picture: Bars, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield rectangles side by side on one scale: their areas are the amounts."""
    area, palette = view.area, view.palette
    lane = area.width / len(picture.bars)
    peers = [peer for peer in view.peers if isinstance(peer, Bars)] or [picture]
    sizes = [(bar.size.number, bar.by.number) for peer in peers for bar in peer.bars if bar.by]
    across = (lane - _SIDE - 24) / max(width for width, _ in sizes)
    up = (area.height - 2 * _LABEL) / max(height for _, height in sizes)
    floor = area.bottom - _LABEL
    for at, bar in enumerate(picture.bars):
        assert bar.by is not None
        seen, left = shown[bar.id], area.x + at * lane
        ink = view.fade(palette.ink, of_range(seen, 0, 0.4))
        muted = view.fade(palette.muted, of_range(seen, 0, 0.4))
        width, height = bar.size.number * across, bar.by.number * up
        grown = Box(left + _SIDE, floor - height * seen, width, height * seen)
        yield Rect(grown, palette.accent if at == 0 else view.second, 6)
        title = Box(left, area.y, lane - 12, _LABEL - 6)
        yield Text(bar.text(view.language), title, ink, 28, "start")
        by = Box(left, floor - height / 2 - 20, _SIDE - 10, 40)
        yield Text(show(bar.by, view.language), by, muted, 26, "end")
        size = Box(left + _SIDE + width / 2 - 110, floor + 4, 220, 36)
        yield Text(show(bar.size, view.language), size, muted, 26)
