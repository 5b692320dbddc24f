"""Drawing of bars that sort, level and grow, with lines for mean, median and mode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from transforms.pictures.bars import Bars
from transforms.pictures.quantities import Quantity, show
from transforms.video.draw.canvas import Box
from transforms.video.templates.shapes import LETTER, Line, Rect, Shape, Shown, Text, View, of_range


def draw_rows(picture: Bars, peers: Sequence[Bars], view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of bars that move and grow, with lines for mean, median and mode."""
    area, palette = view.area, view.palette
    head = 44.0 if picture.measures else 0.0
    row = min(84.0, (area.height - head) / len(picture.bars))
    top = area.y + head + (area.height - head - row * len(picture.bars)) / 2
    side = 190.0 if any(bar.label for bar in picture.bars) else 0.0
    left, full = area.x + side, area.width - side - 130
    values = picture.values(shown)
    most = max(peer.most() for peer in peers)
    for bar, place, value in zip(picture.bars, picture.places(shown), values, strict=True):
        seen, y = shown[bar.id], top + place * row
        ink = view.fade(palette.ink, of_range(seen, 0, 0.4))
        if side:
            yield Text(bar.label, Box(area.x, y, side - 20, row), ink, 28, "end")
        wide = full * value / most * seen
        yield Rect(Box(left, y + 6, wide, row - 12), palette.accent, 8)
        if not picture.numbers:
            continue
        text = show(Quantity(round(value, 1), bar.size.unit), view.language)
        yield Text(text, Box(left + wide + 12, y, 118, row), ink, 28, "start")
    plain = picture.values(shown, level=False)
    ends = [area.x]
    colours = (view.second, palette.ink, palette.muted)[: len(picture.measures)]
    lines = zip(picture.measures, colours, strict=True)
    for line, colour in sorted(lines, key=lambda each: each[0].of(plain)):
        seen = shown[line.id]
        x = left + full * line.of(plain) / most
        if seen:
            foot = top - 6 + (row * len(picture.bars) + 12) * seen
            yield Line(((x, top - 6), (x, foot)), view.fade(colour, seen), 5)
        text = line.text(plain, view.language)
        wide = 20 + LETTER * len(text)
        at = max(ends[-1], x - wide / 2)
        ends.append(at + wide + 8)
        yield Text(text, Box(at, top - 48, wide, 40), view.fade(colour, seen), 26)
