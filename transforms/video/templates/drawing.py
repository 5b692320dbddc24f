"""Drawing of the template `drawing`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from transforms.pictures.drawing import ALL, CloseUp, Drawing, Flow
from transforms.video.draw.canvas import Box
from transforms.video.templates.hues import hue
from transforms.video.templates.paths import (
    flow_arrow,
    latest_travel,
    length_of,
    point_on,
    smooth,
    travelling_dot,
)
from transforms.video.templates.shapes import Disc, Line, Point, Rect, Shape, Shown, View, of_range
from transforms.video.templates.side_notes import Placed, Target, draw_note, place_notes
from transforms.video.templates.sprites import Sprite, fitted, place_of

_COLUMN, _NARROW, _SPACE = 228.0, 160.0, 22.0
"""Width of a column of labels, also with a close-up, and its distance from the drawing."""
_CLOSE, _FRAME = 320.0, 12.0
"""Largest height of a close-up, and the room between it and its frame."""
_BETWEEN = 48.0
"""Distance of a close-up from the drawing."""
_GROWN = 0.6
"""Share of the time of a close-up in which its frame grows."""
_THICK = 10.0
_DOT = 13.0
_HUES = {
    "light": "orange",
    "heat": "red",
    "water": "blue",
    "oxygen": "blue",
    "carbon-dioxide": "grey",
    "food": "violet",
    "blood": "red",
    "spent-blood": "blue",
    "signal": "orange",
    "rock": "brown",
    "matter": "accent",
    "motion": "ink",
}


class _Places(NamedTuple):
    """Boxes of the drawing, of the close-up and of the two columns of labels."""

    base: Box
    close: Box | None
    left: Box
    right: Box


def draw_drawing(picture: Drawing, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of a base drawing with its flows, close-up and labels."""
    places = _lay_out(picture, view)
    yield _base(picture, places.base, view, shown)
    if picture.zoom and places.close:
        at = _place(picture, places, picture.zoom.at)
        yield from _close_up(picture.zoom, at, places.close, view, shown[picture.zoom.id])
    lines = {flow.id: _line(picture, flow, places) for flow in picture.flows}
    for flow in picture.flows:
        colour = hue(_HUES[flow.of], view.palette)
        halo = view.palette.background
        yield from flow_arrow(lines[flow.id], shown[flow.id], colour, halo, _THICK)
    yield from _travellers(picture, lines, view, shown)
    for placed in _notes(picture, places, lines, view):
        name = placed.target.name
        seen = shown[name]
        if picture.zoom and name == picture.zoom.id:  # its frame comes first
            seen = of_range(seen, _GROWN, 1)
        yield from draw_note(placed, view, seen)


def _lay_out(picture: Drawing, view: View) -> _Places:
    """Return the rooms; with a close-up, a side without labels leaves its room to the drawings."""
    area = view.area
    if not picture.zoom:
        column = min(_COLUMN, 0.2 * area.width)
        base = fitted(picture.base, area.inset(column + _SPACE, 0))
        wide = min(1.3 * _COLUMN, base.x - _SPACE - area.x)
        left = Box(base.x - _SPACE - wide, area.y, wide, area.height)
        return _Places(base, None, left, Box(base.right + _SPACE, area.y, wide, area.height))
    named = {"." in anchor for anchor in _named(picture)} | (
        {True} if picture.zoom.label else set()
    )
    half = (area.width - len(named) * (_NARROW + _SPACE) - _BETWEEN) / 2
    left_x = area.x + (_NARROW + _SPACE if False in named else 0)
    base = fitted(picture.base, Box(left_x, area.y, half, area.height))
    room = Box(left_x + half + _BETWEEN, area.y, half - 2 * _FRAME, area.height)
    height = min(_CLOSE, area.height - 2 * _FRAME)
    close = fitted(picture.zoom.base, room.inset(0, (area.height - height) / 2))
    end = close.right + _FRAME + _SPACE
    left = Box(area.x, area.y, base.x - _SPACE - area.x if False in named else 0, area.height)
    right = Box(end, area.y, area.right - end if True in named else 0, area.height)
    return _Places(base, close, left, right)


def _named(picture: Drawing) -> Iterator[str]:
    """Yield an anchor of each label."""
    yield from (note.at for note in picture.notes)
    yield from (flow.way[0] for flow in picture.flows if flow.label)
    if picture.zoom and picture.zoom.label:
        yield f"{picture.zoom.id}."


def _base(picture: Drawing, box: Box, view: View, shown: Shown) -> Sprite:
    """Return the drawing with the parts that the latest change highlights."""
    looks: list[tuple[tuple[str, ...], float]] = [((), 1.0)]
    for name in picture.order():
        if name in picture.states and shown[name] > 0:
            verb, parts = picture.verb(name)
            if verb == "highlight":
                looks.append((() if parts == [ALL] else tuple(parts), shown[name]))
    old, new = next(reversed([*pairwise([looks[0], *looks])]))
    return Sprite(picture.base, box, view.palette, old[0], new[0], new[1])


def _close_up(zoom: CloseUp, at: Point, box: Box, view: View, seen: float) -> Iterator[Shape]:
    """Yield a frame that grows from its place to its box, and then shows what is in it."""
    if not seen:
        return
    palette, grown = view.palette, of_range(seen, 0, _GROWN)
    outer = box.inset(-_FRAME)
    small = Box(at[0] - 16, at[1] - 16, 32, 32)
    now = Box(
        *(a + (b - a) * grown for a, b in zip(
            (small.x, small.y, small.width, small.height),
            (outer.x, outer.y, outer.width, outer.height), strict=True)),
    )  # fmt: skip
    for corner in ((now.x, now.y), (now.x, now.bottom)):
        edge = small.y if corner[1] == now.y else small.bottom
        yield Line(((small.right, edge), corner), palette.background, 6)
        yield Line(((small.right, edge), corner), palette.muted, 2.5)
    corners = ((small.x, small.y), (small.right, small.y), (small.right, small.bottom),
               (small.x, small.bottom), (small.x, small.y), (small.right, small.y))  # fmt: skip
    yield Line(corners, palette.background, 7)
    yield Line(corners, palette.muted, 3)
    yield Rect(now.inset(-3), palette.muted, 19)
    yield Rect(now, palette.background, 16)
    content = of_range(seen, _GROWN, 1)
    if content:
        yield Sprite(zoom.base, box, palette, seen=content)


def _place(picture: Drawing, places: _Places, anchor: str) -> Point:
    of, _, name = anchor.rpartition(".")
    if of and picture.zoom and places.close:
        return place_of(picture.zoom.base, places.close, name)
    return place_of(picture.base, places.base, name)


def _line(picture: Drawing, flow: Flow, places: _Places) -> tuple[Point, ...]:
    return smooth([_place(picture, places, anchor) for anchor in flow.way])


def _travellers(
    picture: Drawing, lines: Mapping[str, tuple[Point, ...]], view: View, shown: Shown
) -> Iterator[Shape]:
    """Yield the dot of the latest state that sends one along flows."""
    travel = latest_travel(picture, shown)
    if not travel:
        return
    ids, share = travel
    lengths = [length_of(lines[each]) or 1.0 for each in ids]
    passed = share * sum(lengths)
    for each, length in zip(ids, lengths, strict=True):
        if passed <= length or each == ids[-1]:
            x, y = point_on(lines[each], min(1.0, passed / length))
            flow = next(flow for flow in picture.flows if flow.id == each)
            colour = hue(f"deep-{_HUES[flow.of]}", view.palette)
            yield from travelling_dot((x, y), _DOT, colour, view.palette.background)
            yield Disc(x - 4, y - 4, 4, view.palette.background)
            return
        passed -= length


def _notes(
    picture: Drawing, places: _Places, lines: Mapping[str, tuple[Point, ...]], view: View
) -> list[Placed]:
    """Return the labels with their rooms; those of a close-up are on its side."""
    ink = view.palette.muted
    middle = places.base.x + places.base.width / 2
    first: list[Target] = []
    last: list[Target] = []
    for note in picture.notes:
        target = Target(note.id, note.text, _place(picture, places, note.at), ink)
        (last if "." in note.at else first).append(target)
    for flow in picture.flows:
        if flow.label:
            line = lines[flow.id]
            end = max((line[0], line[-1]), key=lambda point: abs(point[0] - middle))
            target = Target(flow.id, flow.label, end, ink)
            (last if "." in flow.way[0] else first).append(target)
    if picture.zoom and places.close:
        if picture.zoom.label:
            corner = (places.close.right + _FRAME, places.close.y + 20)
            last.append(Target(picture.zoom.id, picture.zoom.label, corner, ink))
        nowhere = Box(0, 0, 0, 0)
        return [
            *place_notes(first, places.left, nowhere, middle),
            *place_notes(last, nowhere, places.right, middle),
        ]
    return list(place_notes(first, places.left, places.right, middle))
