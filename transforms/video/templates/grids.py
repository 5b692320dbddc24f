"""Drawing of the grids of the template `cells`."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.pictures.grids import Grid
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour, mix
from transforms.video.templates.shapes import (
    Line,
    Polygon,
    Rect,
    Shape,
    Shown,
    Text,
    View,
    of_range,
)

_LABEL, _LEGEND = 44.0, 40.0
_LARGEST = 92.0
_NUMBERS = 34.0
_DEPTH = 0.45
"""Drawn length of an edge into the depth, as a part of its length."""


def draw_grids(grids: tuple[Grid, ...], view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of grids side by side, on one scale."""
    area = view.area
    legend = _LEGEND * max(len(grid.groups) for grid in grids)
    gap = 48.0
    edge = _NUMBERS if any(grid.numbered for grid in grids) else 0.0
    room = area.width - gap * (len(grids) - 1) - edge * len(grids)
    tall = area.height - _LABEL - legend - edge
    spans = [_extent(grid) for grid in grids]
    least = [max(across, 4.0) for across, _ in spans]
    unit = min(_LARGEST, room / sum(least), *(tall / down for _, down in spans))
    shares = [max(across * unit, room * part / sum(least))
              for (across, _), part in zip(spans, least, strict=True)]  # fmt: skip
    scale = room / sum(shares)
    x = area.x
    for grid, (across, down), share in zip(grids, spans, shares, strict=True):
        wide = share * scale + edge
        top = area.y + _LABEL + edge + max(0.0, tall - down * unit) / 2
        left = x + edge + (wide - edge - across * unit) / 2
        column = Box(x, area.y, wide, area.height)
        yield from _grid(grid, left, top, unit, column, view, shown)
        x += wide + gap


def _extent(grid: Grid) -> tuple[float, float]:
    """Return width and height of a grid in cells."""
    if not grid.layers:
        return grid.columns, grid.rows
    return grid.columns + _DEPTH * grid.rows, grid.layers + _DEPTH * grid.rows


def _grid(
    grid: Grid, left: float, top: float, unit: float, column: Box, view: View, shown: Shown
) -> Iterator[Shape]:
    palette, seen = view.palette, shown[grid.id]
    ink = view.fade(palette.ink, of_range(seen, 0, 0.4))
    across, down = _extent(grid)
    head = Box(column.x, top - _LABEL - (_NUMBERS if grid.numbered else 0), column.width, _LABEL)
    yield Text(grid.text(view.language), head, ink, 28)
    if grid.layers:
        yield from _solid(grid, left, top, unit, view, seen)
        return
    colours: dict[tuple[int, int], Colour] = {}
    for group, colour in zip(grid.groups, _colours(view), strict=False):
        members = grid.members(group)
        told = round(len(members) * of_range(shown[group.id], 0, 0.8))
        colours |= dict.fromkeys(members[:told], colour)
    space = min(6.0, unit * 0.12)
    plain = view.fade(palette.tint, seen)
    edge = view.fade(mix(palette.line, palette.ink, 0.3), seen)
    for row in range(grid.rows):
        for at in range(grid.columns):
            colour = colours.get((at, row), plain)
            box = Box(left + at * unit, top + row * unit, unit - space, unit - space)
            yield Rect(box, colour, unit * 0.12, edge if unit > 14 and colour is plain else colour)
    if grid.numbered:
        yield from _numbers(grid, left, top, unit, view, ink)
    y = top + down * unit + 6
    for group, colour in zip(grid.groups, _colours(view), strict=False):
        share = shown[group.id]
        text = grid.group_text(group, view.language)
        wide = min(column.width, 44 + 15.0 * len(text))
        x = left + across * unit / 2 - wide / 2
        x = min(max(column.x, x), column.right - wide)
        if share:
            yield Rect(Box(x, y + 6, 24, 24), view.fade(colour, share), 5)
        box = Box(x + 34, y, wide - 34, 36)
        yield Text(text, box, view.fade(palette.ink, share), 26, "start")
        y += _LEGEND


def _numbers(
    grid: Grid, left: float, top: float, unit: float, view: View, ink: Colour
) -> Iterator[Shape]:
    for at in range(grid.columns):
        box = Box(left + at * unit, top - _NUMBERS, unit, _NUMBERS - 4)
        yield Text(str(at + 1), box, ink, 24)
    for row in range(grid.rows):
        box = Box(left - _NUMBERS - 4, top + row * unit, _NUMBERS, unit)
        yield Text(str(row + 1), box, ink, 24)


def _solid(
    grid: Grid, left: float, top: float, unit: float, view: View, seen: float
) -> Iterator[Shape]:
    """Yield a solid of unit cubes: its layers rise from the bottom."""
    palette = view.palette
    depth = _DEPTH * unit
    risen = grid.layers * of_range(seen, 0, 0.9)
    bottom = top + depth * grid.rows + grid.layers * unit
    front_top = bottom - risen * unit
    right = left + grid.columns * unit
    back = depth * grid.rows
    edge = view.fade(palette.background, seen)
    if risen <= 0:
        return
    yield Rect(Box(left, front_top, right - left, bottom - front_top), palette.accent)
    yield Polygon(
        ((left, front_top), (left + back, front_top - back), (right + back, front_top - back),
         (right, front_top)), mix(palette.accent, palette.background, 0.45))  # fmt: skip
    yield Polygon(
        ((right, front_top), (right + back, front_top - back), (right + back, bottom - back),
         (right, bottom)), mix(palette.accent, palette.background, 0.25))  # fmt: skip
    for at in range(grid.columns + 1):
        x = left + at * unit
        yield Line(((x, bottom), (x, front_top), (x + back, front_top - back)), edge, 2)
    for layer in range(int(risen) + 1):
        y = bottom - layer * unit
        yield Line(((left, y), (right, y), (right + back, y - back)), edge, 2)
    for row in range(grid.rows + 1):
        step = depth * row
        y = front_top - step
        yield Line(((left + step, y), (right + step, y), (right + step, bottom - step)), edge, 2)


def _colours(view: View) -> tuple[Colour, ...]:
    accent, background = view.palette.accent, view.palette.background
    return accent, view.second, mix(accent, background, 0.45), view.palette.muted
