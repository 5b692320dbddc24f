"""Drawing of the template `bodies`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from transforms.pictures.bodies import Bodies, Body, Direction, Force
from transforms.pictures.quantities import show
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour, mix
from transforms.video.templates.shapes import (
    Disc,
    Line,
    Rect,
    Shape,
    Shown,
    Text,
    View,
    arrow,
    of_range,
)
from transforms.video.templates.sprites import Icon

_LOW = 300.0
"""Height of a room below which bodies are small."""
_THICK = 22.0
_STROBES = 4
_LABEL_WIDTH, _LABEL_HEIGHT = 250.0, 40.0
_FLUID_LABEL = 200.0
_WIDE, _PUSHED = 0.72, 0.45
"""Largest width of a body, and of one with arrows beside it, as a part of its room."""
_SOLID = frozenset({"cart", "box", "ball", "car", "magnet"})
"""Bodies that hold their label; the others are icons."""
_UPRIGHT: frozenset[Direction] = frozenset({"up", "down"})


class _Size(NamedTuple):
    """Size of a body and of its wheels."""

    width: float = 228.0
    height: float = 128.0
    wheel: float = 26.0


_LARGE = _Size()
_FLAT = 96.0
"""Height of a body that leaves room for upright forces."""
_NARROW = _Size(180.0, 112.0, 22.0)
"""Leaves room for bodies beside each other."""
_SMALL = _Size(150.0, 84.0, 18.0)
"""Leaves room for two bodies above each other."""


class _Place(NamedTuple):
    """Where a body is: its middle, top and ground, and half of its width."""

    middle: float
    top: float
    floor: float
    half: float

    def row(self, rank: int) -> float:
        """Return the height of the arrow with a number among those of one direction."""
        return self.top + 0.45 * (self.floor - self.top) - rank * 78


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
    if _race(picture) or area.height < _LOW:
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
    longest = max(body.length.number if body.length else 1 for body in picture.bodies)
    for body, room in zip(picture.bodies, rooms, strict=True):
        floor = room.bottom - below
        if picture.fluid:
            deep = surface + picture.under(body) * size.height
            floor = area.bottom - 4 if _sinks(picture, body) else deep
        else:
            yield Line(((room.x, floor), (room.right, floor)), palette.line, 4)
        own = size
        if body.length:
            own = size._replace(width=max(60.0, size.width * body.length.number / longest))
        yield from _body(picture, body, room, floor, own, scale, view, shown)


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
        return area.height - _FLAT - 40
    return 120.0 if directions & _UPRIGHT else 96.0


def _scale(picture: Bodies, room: Box, size: _Size, below: float, view: View) -> float:
    """Return design pixels per unit of force."""
    if not picture.forces:
        return 1.0
    share = 0.2 if _moving(picture) else 0.34 if len(picture.bodies) == 1 else 0.26
    across = max(60.0, min(room.width * share, room.width / 2 - size.width / 2 - 12))
    down = below - 16
    peers = [peer for peer in view.peers if isinstance(peer, Bodies)] or [picture]
    forces = [force for peer in peers for force in peer.forces]
    return min((down if force.to in _UPRIGHT else across) / force.size.number for force in forces)


def _lead(picture: Bodies, body: Body, state: str, view: View) -> float:
    """Return how far a body gets compared with the fastest one that moves with it, 0-1."""
    peers = [peer for peer in view.peers if isinstance(peer, Bodies)] or [picture]
    _, ids = picture.verb(state)
    most = max(
        (peer.acceleration(each) for peer in peers for each in peer.bodies if each.id in ids),
        default=0.0,
    )
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
    palette, low = view.palette, size is _SMALL
    seen = shown[body.id]
    forces = [force for force in picture.forces if force.on == body.id]
    middle = room.x + room.width / 2
    state = _moving(picture).get(body.id)
    if state:
        net = picture.net([force.id for force in forces]).across if forces else 0.0
        sign = -1.0 if net < 0 else 1.0
        reach = room.width / 2 - size.width / 2 - room.width * 0.21
        start = middle - sign * reach
        reach *= _lead(picture, body, state, view)
        for strobe in range(_STROBES + 1):
            passed = strobe / _STROBES
            if shown[state] > 0 and passed <= shown[state]:
                x = start + sign * 2 * reach * _way(passed, net)
                yield Disc(x, floor + (20 if low else 30), 9, view.fade(palette.accent, seen))
        middle = start + sign * 2 * reach * _way(shown[state], net)
    top = floor - size.height - (size.wheel * 0.8 if body.icon in ("cart", "car") else 0)
    round_or_icon = body.icon == "ball" or body.icon not in _SOLID
    half = size.height / 2 if round_or_icon else size.width / 2
    place = _Place(middle, top, floor, half)
    yield from _icon(body, place, size, view, seen)
    wheels = size.wheel if body.icon in ("cart", "car") else 0
    rim = 0.15 * size.height if body.icon == "ball" else 6.0
    on = Box(middle - half + rim, top + 4, 2 * (half - rim), size.height - 8 - wheels)
    text = view.fade(palette.on_accent, seen)
    if body.icon == "magnet":
        for side, letter in zip((0, 1), body.poles, strict=True):
            yield Text(letter, Box(middle - half * (1 - side), top, half, size.height), text, 48)
    if body.icon == "magnet":
        below = Box(middle - half - 40, floor + 10, 2 * half + 80, 40)
        yield Text(body.text(view.language), below, view.fade(palette.ink, seen), 28)
    elif body.icon not in _SOLID:
        ink = view.fade(palette.ink, seen)
        directions = {force.to for force in forces}
        if "up" in directions or (low and "left" not in directions):
            aside = Box(place.middle - half - 262, top + size.height / 2 - 20, 250, 40)
            yield Text(body.text(view.language), aside, ink, 28, "end")
        else:
            above = Box(middle - half - 60, top - 40, 2 * half + 120, 36)
            yield Text(body.text(view.language), above, ink, 28)
    else:
        yield Text(body.text(view.language), on, text, 36, lines=2)
    yield from _forces(picture, forces, place, scale, view, shown, room)


def _way(time: float, net: float) -> float:
    """Return the share of the way after a share of the time: its square under a net force."""
    return time * time if net else time


def _icon(body: Body, place: _Place, size: _Size, view: View, seen: float) -> Iterator[Shape]:
    colour = view.fade(view.palette.accent, seen)
    if body.icon == "ball":
        yield Disc(place.middle, place.floor - size.height / 2, size.height / 2, colour)
        return
    box = Box(place.middle - place.half, place.top, 2 * place.half, size.height)
    if body.icon not in _SOLID:
        yield Icon(body.icon, box, view.palette, seen)
        return
    if body.icon == "magnet":
        for side, letter in zip((0, 1), body.poles, strict=True):
            half = Box(box.x + side * place.half, box.y, place.half, box.height)
            yield Rect(half, colour if letter == "N" else view.fade(view.second, seen), 4)
        return
    yield Rect(box, colour, 10 if body.icon != "car" else 34)
    if body.icon in ("cart", "car"):
        for x in (place.middle - size.width * 0.29, place.middle + size.width * 0.29):
            y = place.floor - size.wheel
            yield Disc(x, y, size.wheel, view.fade(view.palette.ink, seen))
            yield Disc(x, y, size.wheel * 0.4, view.fade(view.palette.background, seen))


def _forces(
    picture: Bodies, forces: list[Force], place: _Place, scale: float, view: View, shown: Shown,
    room: Box,
) -> Iterator[Shape]:  # fmt: skip
    palette = view.palette
    own = {force.id for force in forces}
    merges = {}
    for name in picture.states:
        verb, ids = picture.verb(name)
        if verb == "merge" and ids[0] in own:
            merges[name] = ids
    merged = {each: shown[name] for name, ids in merges.items() for each in ids}
    ranks: dict[Direction, int] = {}
    for force in forces:
        rank = ranks.get(force.to, 0)
        ranks[force.to] = rank + 1
        seen, gone = shown[force.id], merged.get(force.id, 0.0)
        whole = force.size.number * scale
        colour = view.fade(view.second, 1 - 0.72 * gone)
        yield from _arrow(force.to, rank, place, whole * seen, colour)
        text = f"{force.label} {show(force.size, view.language)}".strip()
        ink = view.fade(palette.ink, of_range(seen, 0.4, 1) * (1 - 0.45 * gone))
        yield _label(force.to, rank, place, whole, text, ink, room=room)
    for name, ids in merges.items():
        if shown[name]:
            net = picture.net(ids)
            to, size = net.along
            upright = any(force.to in _UPRIGHT for force in forces if force.id in ids)
            whole = size * scale
            grown = whole * of_range(shown[name], 0.2, 1)
            yield from _arrow(to, 0, place, grown, palette.accent, net=True)
            ink = view.fade(palette.ink, of_range(shown[name], 0.6, 1))
            text = f"ΣF = {picture.net_label(net, view.language)}"
            if size:
                yield _label(to, 0, place, whole, text, ink, net=True, room=room)
            elif upright:
                box = Box(place.middle - place.half - 270, place.top - 52, 250 + place.half, 40)
                yield Text(text, box, ink, 28, "end")
            else:
                yield Text(text, Box(place.middle - 150, place.top - 56, 300, 40), ink, 30)


def _arrow(
    to: Direction, rank: int, place: _Place, length: float, colour: Colour, *, net: bool = False
) -> Iterator[Shape]:
    """Yield an arrow from the edge of a body; a net force lies on its parts or beside them."""
    if to in _UPRIGHT:
        sign, y = (-1, place.top) if to == "up" else (1, place.floor)
        x = place.middle + (-48 if net else rank * 48)
        yield from arrow((x, y), (x, y + sign * length), colour, _THICK)
    else:
        sign = 1 if to == "right" else -1
        x, y = place.middle + sign * (place.half + 6), place.row(rank)
        yield from arrow((x, y), (x + sign * length, y), colour, _THICK)


def _label(
    to: Direction, rank: int, place: _Place, length: float, text: str, ink: Colour, *,
    room: Box, net: bool = False,
) -> Text:  # fmt: skip
    """Return the label of an arrow within a room; that of a net force is on the other side."""
    if to in _UPRIGHT:
        sign, y = (-1, place.top) if to == "up" else (1, place.floor)
        y += sign * length * 0.6 - _LABEL_HEIGHT / 2
        if net:
            right = place.middle - 48 - 30
            left = max(room.x, right - _LABEL_WIDTH)
            return Text(text, Box(left, y, right - left, _LABEL_HEIGHT), ink, 28, "end")
        left = place.middle + rank * 48 + 30
        width = min(_LABEL_WIDTH, room.right - left)
        return Text(text, Box(left, y, width, _LABEL_HEIGHT), ink, 26, "start")
    sign = 1 if to == "right" else -1
    width = max(_LABEL_WIDTH, length)
    start = place.middle + sign * (place.half + 16)
    width = min(width, room.right - start if sign > 0 else start - room.x)
    y = place.row(rank) + (32 if net else -30 - _LABEL_HEIGHT)
    if net and room.height < _LOW:
        y = place.floor + 1
    box = Box(start if sign > 0 else start - width, y, width, _LABEL_HEIGHT)
    return Text(text, box, ink, 28, "start" if sign > 0 else "end")
