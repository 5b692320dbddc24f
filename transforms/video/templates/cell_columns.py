"""Drawing of the template `cells` where cells are sorted, are bits, or hold an alphabet."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_uppercase

from transforms.pictures.cells import Binary, Cells, Shift
from transforms.pictures.quantities import show_number
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import mix
from transforms.video.templates.shapes import Rect, Shape, Shown, Text, View

_GAP = 8.0
_WIDEST = 104.0
_COLUMN = 190.0
"""Height of the highest column above a cell."""
_LETTERS, _LETTER = 12, 60.0
"""Letters of an alphabet that are shown at most, and the room that one needs."""


def draw_sorting(picture: Cells, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield columns as high as their numbers, on their way through the rounds that are shown."""
    palette, seen = view.palette, shown[picture.id]
    count = len(picture.cells)
    left, step, side = _grid(count, view.area)
    rounds = picture.sorted().rounds
    order = rounds[0]
    places = {cell: float(place) for place, cell in enumerate(order)}
    told = sorted((int(picture.verb(name)[1][0]), shown[name]) for name in picture.states)
    done = 0.0
    for turn, share in told:
        if share:
            for place, cell in enumerate(rounds[turn]):
                places[cell] += (place - places[cell]) * share
            done = share if turn == len(rounds) - 1 else done
    top = view.area.bottom - side - 16
    most = max(map(abs, picture.cells)) or 1
    for cell, number in enumerate(picture.cells):
        x = left + places[cell] * step
        height = min(_COLUMN, top - 8 - view.area.y) * abs(number) / most * seen
        colour = mix(palette.accent, view.second, done)
        yield Rect(Box(x + side * 0.14, top - 8 - height, side * 0.72, height), colour, 6)
        box = Box(x, top, side, side)
        yield Rect(box, view.fade(palette.tint, seen), 12, view.fade(palette.accent, seen))
        text = show_number(number, view.language)
        yield Text(text, box.inset(3), view.fade(palette.ink, seen), min(38.0, side * 0.42))


def draw_bits(picture: Cells, binary: Binary, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield bits in cells; above each, a column as high as its place is worth."""
    palette, seen = view.palette, shown[picture.id]
    left, step, side = _grid(binary.bits, view.area)
    top = view.area.bottom - side - 62
    told = {picture.verb(name)[1][0]: shown[name] for name in picture.states}
    places = binary.places()
    terms = []
    for at, (place, digit) in enumerate(zip(places, binary.digits(), strict=True)):
        share = told.get(str(place), 1.0) * seen if digit == "1" else 0.0
        terms += [str(place)] if share > 0.5 else []
        x = left + at * step
        height = max(6.0, min(_COLUMN, top - 56 - view.area.y) * place / places[0])
        column = Box(x + side * 0.14, top - 8 - height, side * 0.72, height)
        yield Rect(column, view.fade(mix(palette.line, palette.accent, share), seen), 6)
        worth = Box(x - 4, column.y - 40, side + 8, 36)
        yield Text(str(place), worth, view.fade(palette.muted, seen), 26)
        box = Box(x, top, side, side)
        fill = mix(palette.tint, palette.accent, share)
        yield Rect(box, view.fade(fill, seen), 12, view.fade(palette.accent, seen))
        ink = mix(palette.ink, palette.on_accent, share)
        yield Text(digit, box.inset(3), view.fade(ink, seen), min(44.0, side * 0.5))
    total = sum(map(int, terms))
    text = f"{' + '.join(terms)} = {total}" if terms else ""
    line = Box(view.area.x, top + side + 12, view.area.width, 46)
    yield Text(text, line, view.fade(palette.accent, seen), 34)


def draw_shift(picture: Cells, shift: Shift, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield an alphabet, and below it the same one, which moves to the left."""
    palette, seen = view.palette, shown[picture.id]
    count = min(_LETTERS, int(view.area.width / _LETTER))
    left, step, side = _grid(count, view.area)
    names = list(picture.states)
    moved = shift.by * max((shown[name] for name in names), default=1.0)
    top = view.area.y + view.area.height / 2 - side - 30
    for at in range(count):
        box = Box(left + at * step, top, side, side)
        yield Rect(box, view.fade(palette.tint, seen), 12, view.fade(palette.accent, seen))
        yield Text(ascii_uppercase[at], box.inset(3), view.fade(palette.ink, seen), side * 0.45)
    for at in sorted(range(count + shift.by), key=lambda at: -abs(at - moved - count / 2)):
        place = at - moved
        inside = max(0.0, min(1.0, place + 1, count - place)) * seen
        if inside > 0.02:
            at_place = min(max(0.0, place), count - 1)
            box = Box(left + at_place * step, top + side + 60, side, side)
            yield Rect(box, view.fade(palette.accent, inside), 12)
            letter = ascii_uppercase[at % len(ascii_uppercase)]
            yield Text(letter, box.inset(3), view.fade(palette.on_accent, inside), side * 0.45)
    arrow = Box(left, top + side + 8, side, 44)
    yield Text("↓", arrow, view.fade(palette.accent, seen), 36)


def _grid(count: int, area: Box) -> tuple[float, float, float]:
    """Return left edge, step and side of the cells of a row."""
    step = min(_WIDEST + _GAP, (area.width + _GAP) / count)
    return area.x + (area.width - step * count + _GAP) / 2, step, step - _GAP
