"""Drawing of the template `cells`."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.pictures.cells import Cells
from transforms.pictures.quantities import show_number
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import mix
from transforms.video.templates.cell_columns import draw_bits, draw_shift, draw_sorting
from transforms.video.templates.grids import draw_grids
from transforms.video.templates.shapes import Line, Polygon, Rect, Shape, Shown, Text, View

_GAP = 8.0
_WIDEST = 104.0
_LOW = 300.0
"""Height of a low room, in which there is less space around the cells."""
_NUMBERED = 0.5
"""Share of a look after which its number stands below its cell."""


def draw_cells(picture: Cells, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of cells: a search or a sorting so far, grids, bits, or an alphabet."""
    if picture.grids:
        yield from draw_grids(picture.grids, view, shown)
    elif picture.sort is not None:
        yield from draw_sorting(picture, view, shown)
    elif picture.binary is not None:
        yield from draw_bits(picture, picture.binary, view, shown)
    elif picture.shift is not None:
        yield from draw_shift(picture, picture.shift, view, shown)
    else:
        yield from _list(picture, view, shown)


def _list(picture: Cells, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of a list, the number that is searched, and the search so far."""
    area, palette = view.area, view.palette
    count = len(picture.cells)
    above, below = (104.0, 64.0) if area.height > _LOW else (62.0, 48.0)
    room = min(_WIDEST, area.height - above - below)
    step = min(room + _GAP, (area.width + _GAP) / count)
    side = step - _GAP
    left = area.x + (area.width - step * count + _GAP) / 2
    top = area.y + (area.height - side + above - below) / 2
    seen = shown[picture.id]
    looks = picture.looks()
    told = picture.looked(shown)
    grey = [0.0] * count
    bright = [0.0] * count
    pointer, first, last = -1.0, 0.0, float(count - 1)
    for turn, share in told:
        look = looks[turn]
        for at in range(count):
            if not look.first <= at <= look.last:
                grey[at] = max(grey[at], share)
            bright[at] *= 1 - share
        bright[look.at] = share
        pointer = float(look.at) if pointer < 0 else pointer + (look.at - pointer) * share
        first, last = first + (look.first - first) * share, last + (look.last - last) * share
    for at, number in enumerate(picture.cells):
        fill = mix(mix(palette.tint, palette.background, grey[at]), palette.accent, bright[at])
        edge = mix(palette.accent, palette.line, grey[at])
        ink = mix(mix(palette.ink, palette.muted, grey[at]), palette.on_accent, bright[at])
        box = Box(left + at * step, top, side, side)
        yield Rect(box, view.fade(fill, seen), 12, view.fade(edge, seen))
        text = show_number(number, view.language)
        yield Text(text, box.inset(3), view.fade(ink, seen), min(38.0, side * 0.42))
    if picture.search is None:
        return
    want = show_number(picture.search.want, view.language)
    middle = left + (pointer if told else (count - 1) / 2) * step + side / 2
    tip = top - (12 if area.height > _LOW else 4)
    chip = Box(middle - 54, top - above, 108, 54 if area.height > _LOW else 38)
    yield Rect(chip, view.fade(view.second, seen), 14)
    yield Text(f"{want}?" if not _found(picture, told) else want, chip.inset(4),
               palette.background, 32)  # fmt: skip
    if told:
        yield Polygon(
            ((middle - 16, chip.bottom - 1), (middle + 16, chip.bottom - 1), (middle, tip)),
            view.second,
        )
        for turn, share in told:
            if share > _NUMBERED:
                box = Box(left + looks[turn].at * step - 4, top + side + 18, side + 8, 30)
                yield Text(f"{turn + 1}", box, palette.muted, 24)
        y = top + side + 12
        ends = (left + first * step, left + last * step + side)
        yield Line(((ends[0], y), (ends[1], y)), view.second, 6)


def _found(picture: Cells, told: list[tuple[int, float]]) -> bool:
    looks = picture.looks()
    return any(
        share == 1 and picture.search and picture.cells[looks[number].at] == picture.search.want
        for number, share in told
    )
