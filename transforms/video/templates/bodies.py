"""Drawing of the template `bodies`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from transforms.pictures.bodies import Bodies, Body
from transforms.pictures.quantities import show
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import mix
from transforms.video.templates.body_forces import LOW, UPRIGHT, Place, draw_forces
from transforms.video.templates.shapes import LETTER, Disc, Line, Rect, Shape, Shown, Text, View
from transforms.video.templates.sprites import Icon, icon_ink, standing

_STROBES = 4
_FLUID_LABEL = 200.0
_WIDE, _PUSHED = 0.72, 0.45
"""Largest width of a body, and of one with arrows beside it, as a part of its room."""
_SHORTEST = 0.26
"""Least width of a body, as a part of the longest one."""
_CAPTION, _MOST_CAPTION = 40.0, 330.0
"""Height of a body's label, and its width at the side of the body."""
_HEAD = 25.0
"""Half of the width of an arrow's head."""


class _Size(NamedTuple):
    """Width and height of a body, or the largest ones."""

    width: float = 228.0
    height: float = 128.0


_LARGE = _Size()
_FLAT = 96.0
"""Height of a body that leaves room for upright forces."""
_NARROW = _Size(180.0, 112.0)
"""Leaves room for bodies beside each other."""
_SMALL = _Size(150.0, 84.0)
"""Leaves room for two bodies above each other."""


def draw_bodies(picture: Bodies, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of bodies on their ground, with forces to scale."""
    area, palette = view.area, view.palette
    count = len(picture.bodies)
    size = _LARGE if count == 1 or picture.fluid else _NARROW
    if picture.upright or picture.fluid:
        size = size._replace(height=_FLAT)
    lane = (area.width - (_FLUID_LABEL if picture.fluid else 0)) / count
    size = size._replace(width=min(size.width, lane * (_WIDE if picture.fluid else _PUSHED)))
    rooms = [Box(area.x + at * lane, area.y, lane, area.height) for at in range(count)]
    below = _below(picture, area)
    if _is_low(picture, area):
        size, below = _SMALL, 40.0
    if _race(picture):
        row = area.height / count
        rooms = [Box(area.x, area.y + at * row, area.width, row) for at in range(count)]
    scale = _scale(picture, rooms[0], size, below, view)
    surface = area.y + 150
    if picture.fluid:
        seen = shown[picture.fluid.id]
        yield Rect(
            Box(area.x, surface, area.width, area.bottom - surface),
            view.fade(mix(palette.background, palette.accent, 0.22), seen), 8,
        )  # fmt: skip
        label = f"{picture.fluid.label} {show(picture.fluid.density, view.language)}".strip()
        box = Box(area.right - _FLUID_LABEL, surface + 8, _FLUID_LABEL - 14, 40)
        yield Text(label, box, view.fade(palette.ink, seen), 26, "end")
    longest = max(body.length.number if body.length else 1.0 for body in picture.bodies)
    for body, room in zip(picture.bodies, rooms, strict=True):
        floor = room.bottom - below
        share = max(_SHORTEST, body.length.number / longest) if body.length else 1.0
        extent = _extent(body, size, share)
        if picture.fluid:
            deep = surface + picture.under(body) * extent.height
            floor = area.bottom - 4 if _sinks(picture, body) else deep
        else:
            yield Line(((room.x, floor), (room.right, floor)), palette.line, 4)
        yield from _body(picture, body, room, floor, extent, scale, view, shown)


def _sinks(picture: Bodies, body: Body) -> bool:
    fluid, density = picture.fluid, body.density
    return fluid is not None and density is not None and density.number > fluid.density.number


def _race(picture: Bodies) -> bool:
    """Return whether one of several bodies moves, so that they are above each other."""
    return len(picture.bodies) > 1 and bool(_moving(picture))


def _below(picture: Bodies, area: Box) -> float:
    """Return the room below the ground."""
    directions = {force.to for force in picture.forces}
    if "down" in directions and "up" not in directions and not picture.fluid:
        above = Place(0, 0, _FLAT, 0).above(max(_rows(picture, each) for each in picture.bodies))
        return area.height - _FLAT - _CAPTION + above
    return 120.0 if directions & UPRIGHT else 96.0


def _scale(picture: Bodies, room: Box, size: _Size, below: float, view: View) -> float:
    """Return design pixels per unit of force."""
    if not picture.forces:
        return 1.0
    share = 0.2 if _moving(picture) else 0.34 if len(picture.bodies) == 1 else 0.26
    across = max(60.0, min(room.width * share, room.width / 2 - size.width / 2 - 12))
    down = below - 16
    peers = view.alike(picture)
    sizes = [(force.to, force.size.number) for peer in peers for force in peer.forces]
    sizes += [peer.net(ids).along for peer in peers for ids in peer.merged()]
    return min((down if to in UPRIGHT else across) / size for to, size in sizes if size)


def _lead(picture: Bodies, body: Body, state: str, view: View) -> float:
    """Return how far a body gets compared with the fastest one that moves with it, 0-1."""
    _, ids = picture.verb(state)
    bodies = ((peer, each) for peer in view.alike(picture) for each in peer.bodies)
    most = max((peer.acceleration(each) for peer, each in bodies if each.id in ids), default=0.0)
    own = picture.acceleration(body)
    return own / most if own and most else 1.0


def _moving(picture: Bodies) -> dict[str, str]:
    """Return the state that moves each body."""
    verbs = ((name, picture.verb(name)) for name in picture.states)
    return {each: name for name, (verb, ids) in verbs if verb == "move" for each in ids}


def _body(
    picture: Bodies, body: Body, room: Box, floor: float, size: _Size, scale: float, view: View,
    shown: Shown,
) -> Iterator[Shape]:  # fmt: skip
    palette, seen = view.palette, shown[body.id]
    forces = [force for force in picture.forces if force.on == body.id]
    middle = room.x + room.width / 2
    width, height = size
    low = _is_low(picture, room)
    state = _moving(picture).get(body.id)
    if state:
        net = picture.net([force.id for force in forces]).across if forces else 0.0
        sign = -1.0 if net < 0 else 1.0
        reach = room.width / 2 - width / 2 - room.width * 0.21
        start = middle - sign * reach
        reach *= _lead(picture, body, state, view)
        for strobe in range(_STROBES + 1):
            passed = strobe / _STROBES
            if shown[state] > 0 and passed <= shown[state]:
                x = start + sign * 2 * reach * _way(passed, net)
                yield Disc(x, floor + (20 if low else 30), 9, view.fade(palette.accent, seen))
        middle = start + sign * 2 * reach * _way(shown[state], net)
    place = Place(middle, floor - height, floor, width / 2)
    box = Box(middle - width / 2, floor - height, width, height)
    if body.icon == "magnet":
        yield from _magnet(body, box, view, seen)
    else:
        yield Icon(body.icon, standing(body.icon, box), palette, seen)
    caption = _caption(picture, body, place, room, view, seen)
    yield caption
    top = min(place.top, caption.box.y) if caption.box.y < floor else place.top
    yield from draw_forces(picture, forces, place, scale, view, shown, room, top)


def _is_low(picture: Bodies, room: Box) -> bool:
    return _race(picture) or room.height < LOW


def _extent(body: Body, most: _Size, share: float) -> _Size:
    """Return the size of a body that has a share of the greatest length."""
    if body.icon == "magnet":
        return most._replace(width=most.width * share)
    ink = icon_ink(body.icon)
    scale = share * min(most.width / ink.width, most.height / ink.height)
    return _Size(ink.width * scale, ink.height * scale)


def _way(time: float, net: float) -> float:
    """Return the share of the way after a share of the time: its square under a net force."""
    return time * time if net else time


def _magnet(body: Body, box: Box, view: View, seen: float) -> Iterator[Shape]:
    """Yield the two poles of a magnet."""
    colours = {"N": view.palette.accent, "S": view.second}
    for side, pole in enumerate(body.poles):
        half = Box(box.x + side * box.width / 2, box.y, box.width / 2, box.height)
        yield Rect(half, view.fade(colours[pole], seen), 4)
        yield Text(pole, half, view.fade(view.palette.on_accent, seen), 48)


def _caption(picture: Bodies, body: Body, place: Place, room: Box, view: View, seen: float) -> Text:
    """Return the label of a body on a side of it that no force needs."""
    text, ink = body.text(view.language), view.fade(view.palette.ink, seen)
    taken = {force.to for force in picture.forces if force.on == body.id}
    low = _is_low(picture, room)
    below = not (low or _moving(picture) or "down" in taken)
    if picture.fluid:
        below = below and "up" in taken and place.floor + 2 * _CAPTION <= room.bottom
    if below:
        wide = room.width - 16
        lines = 1 if LETTER * len(text) <= wide else 2
        box = Box(room.x + 8, place.floor + 10, wide, lines * _CAPTION)
        return Text(text, box, ink, 28, lines=lines)
    aside = "left" not in taken or "right" not in taken
    if "up" not in taken and not (low and aside):
        if low:
            wide, y = 2 * place.half + 28, place.top - _CAPTION
        else:
            wide, y = 2 * place.half + 320, place.above(_rows(picture, body)) - _CAPTION
        wide = min(wide, room.width)
        x = min(max(place.middle - wide / 2, room.x), room.right - wide)
        return Text(text, Box(x, y, wide, _CAPTION - 4), ink, 28)
    left, right = place.middle - place.half - 12, place.middle + place.half + 12
    y, height, to_right = (place.top + place.floor - _CAPTION) / 2, _CAPTION, "left" in taken
    if {"left", "right"} <= taken:  # below an arrow, on the side that has no net force
        own = [force.id for force in picture.forces if force.on == body.id]
        y, to_right = place.row(0) + _HEAD, picture.net(own).across < 0
        height = place.floor - y
    if to_right:
        wide = min(_MOST_CAPTION, room.right - right)
        return Text(text, Box(right, y, wide, height), ink, 28, "start")
    wide = min(_MOST_CAPTION, left - room.x)
    return Text(text, Box(left - wide, y, wide, height), ink, 28, "end")


def _rows(picture: Bodies, body: Body) -> int:
    """Return the most forces of a body in one sideways direction."""
    taken = [force.to for force in picture.forces if force.on == body.id]
    return max(taken.count("left"), taken.count("right"))
