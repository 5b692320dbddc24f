"""Drawing of the template `bodies`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from transforms.pictures.bodies import Bodies, Body, Direction, Force
from transforms.pictures.quantities import show
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour
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

_WIDTH, _HEIGHT, _WHEEL = 228.0, 128.0, 26.0
_TALL = 96.0
"""Height of a body that leaves room for upright forces."""
_SMALL, _LOW = 84.0, 300.0
"""Height of a body in a room that is lower than the second number."""
_THICK = 22.0
_STROBES = 4
_LABEL_WIDTH, _LABEL_HEIGHT = 250.0, 40.0
_UPRIGHT: frozenset[Direction] = frozenset({"up", "down"})


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
    low = area.height < _LOW
    floor = area.bottom - (120 if picture.upright else 40 if low else 96)
    yield Line(((area.x, floor), (area.right, floor)), palette.line, 4)
    scale = _scale(picture, view)
    lane = area.width / len(picture.bodies)
    for at, body in enumerate(picture.bodies):
        room = Box(area.x + at * lane, area.y, lane, area.height)
        yield from _body(picture, body, room, floor, scale, view, shown)


def _scale(picture: Bodies, view: View) -> float:
    """Return design pixels per unit of force."""
    if not picture.forces:
        return 1.0
    lane = view.area.width / len(picture.bodies)
    across = max(60.0, min(lane * (0.2 if _moving(picture) else 0.34), lane / 2 - _WIDTH / 2 - 12))
    down = 84.0
    peers = [peer for peer in view.peers if isinstance(peer, Bodies)] or [picture]
    forces = [force for peer in peers for force in peer.forces]
    return min((down if force.to in _UPRIGHT else across) / force.size.number for force in forces)


def _speed(picture: Bodies, body: Body, view: View) -> float:
    """Return how far a body gets compared with the faster one beside it, 0-1."""
    peers = [peer for peer in view.peers if isinstance(peer, Bodies)]
    most = max(
        (peer.acceleration(each) for peer in peers for each in peer.bodies if each.id == body.id),
        default=0.0,
    )
    own = picture.acceleration(body)
    return own / most if own and most else 1.0


def _moving(picture: Bodies) -> dict[str, str]:
    """Return the state that moves each body."""
    verbs = ((name, picture.verb(name)) for name in picture.states)
    return {ids[0]: name for name, (verb, ids) in verbs if verb == "move"}


def _body(
    picture: Bodies, body: Body, room: Box, floor: float, scale: float, view: View, shown: Shown
) -> Iterator[Shape]:
    palette, low = view.palette, view.area.height < _LOW
    seen = shown[body.id]
    forces = [force for force in picture.forces if force.on == body.id]
    middle = room.x + room.width / 2
    state = _moving(picture).get(body.id)
    if state:
        net = picture.net([force.id for force in forces]).across if forces else 0.0
        sign = -1.0 if net < 0 else 1.0
        reach = room.width / 2 - _WIDTH / 2 - room.width * 0.21
        start = middle - sign * reach
        reach *= _speed(picture, body, view)
        for strobe in range(_STROBES + 1):
            passed = strobe / _STROBES
            if shown[state] > 0 and passed <= shown[state]:
                x = start + sign * 2 * reach * _way(passed, net)
                yield Disc(x, floor + (20 if low else 30), 9, view.fade(palette.accent, seen))
        middle = start + sign * 2 * reach * _way(shown[state], net)
    height = _SMALL if low else _TALL if picture.upright else _HEIGHT
    top = floor - height - (_WHEEL * 0.8 if body.icon in ("cart", "car") else 0)
    half = height / 2 if body.icon == "ball" else _WIDTH / 2
    place = _Place(middle, top, floor, half)
    yield from _icon(body, place, height, view, seen)
    name = " ".join(filter(None, (body.label, show(body.mass, view.language) if body.mass else "")))
    on = Box(middle - half + 6, top + 4, 2 * half - 12, height - 8)
    yield Text(name, on, view.fade(palette.on_accent, seen), 36, lines=2)
    yield from _forces(picture, forces, place, scale, view, shown, room)


def _way(time: float, net: float) -> float:
    """Return the share of the way after a share of the time: its square under a net force."""
    return time * time if net else time


def _icon(body: Body, place: _Place, height: float, view: View, seen: float) -> Iterator[Shape]:
    colour = view.fade(view.palette.accent, seen)
    if body.icon == "ball":
        yield Disc(place.middle, place.floor - height / 2, height / 2, colour)
        return
    box = Box(place.middle - place.half, place.top, 2 * place.half, height)
    yield Rect(box, colour, 10 if body.icon != "car" else 34)
    if body.icon in ("cart", "car"):
        for x in (place.middle - _WIDTH * 0.29, place.middle + _WIDTH * 0.29):
            y = place.floor - _WHEEL
            yield Disc(x, y, _WHEEL, view.fade(view.palette.ink, seen))
            yield Disc(x, y, _WHEEL * 0.4, view.fade(view.palette.background, seen))


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
