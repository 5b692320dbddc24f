"""Drawing of the template `bars`."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.pictures.bars import Bar, Bars
from transforms.video.draw.canvas import Box
from transforms.video.templates.shapes import Rect, Shape, Shown, Text, View, of_range

_GAP = 5.0
_LABEL = 46.0


def draw_bars(picture: Bars, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of bars on one scale, each with its label above."""
    area = view.area
    row = area.height / len(picture.bars)
    height = min(74.0, row - _LABEL - 14)
    peers = [peer for peer in view.peers if isinstance(peer, Bars)] or [picture]
    most = max(bar.size.number for peer in peers for bar in peer.bars)
    top = area.y + max(0.0, (row - _LABEL - height - 14) / 2)
    for at, bar in enumerate(picture.bars):
        place = Box(area.x, top + at * row, area.width * bar.size.number / most, _LABEL + height)
        yield from _bar(bar, place, height, view, shown[bar.id])


def _bar(bar: Bar, place: Box, height: float, view: View, seen: float) -> Iterator[Shape]:
    palette = view.palette
    text = Box(view.area.x, place.y, view.area.width, _LABEL)
    ink = view.fade(palette.ink, of_range(seen, 0, 0.4))
    yield Text(bar.text(view.language), text, ink, 30, "start")
    parts, filled = bar.parts()
    y = place.y + _LABEL
    if bar.share is None:
        yield Rect(Box(place.x, y, place.width * seen, height), palette.accent, 8)
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
