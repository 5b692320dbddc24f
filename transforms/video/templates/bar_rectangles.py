"""Drawing of bars that are rectangles: their areas are the amounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from transforms.pictures.bars import Bars
from transforms.pictures.quantities import show
from transforms.video.draw.canvas import Box
from transforms.video.templates.shapes import Rect, Shape, Shown, Text, View, of_range

_LABEL = 46.0
_SIDE = 130.0
"""Room beside a rectangle for its height."""


def draw_rectangles(
    picture: Bars, peers: Sequence[Bars], view: View, shown: Shown
) -> Iterator[Shape]:
    """Yield rectangles side by side on one scale: their areas are the amounts."""
    area, palette = view.area, view.palette
    lane = area.width / len(picture.bars)
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
        yield Text(picture.text(bar, view.language), title, ink, 28, "start")
        if not picture.numbers:
            continue
        by = Box(left, floor - height / 2 - 20, _SIDE - 10, 40)
        yield Text(show(bar.by, view.language), by, muted, 26, "end")
        size = Box(left + _SIDE + width / 2 - 110, floor + 4, 220, 36)
        yield Text(show(bar.size, view.language), size, muted, 26)
