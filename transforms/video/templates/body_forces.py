"""Drawing of the forces on a body: arrows to scale, their labels, and their sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from transforms.pictures.bodies import Bodies, Direction, Force
from transforms.pictures.quantities import show
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour
from transforms.video.templates.shapes import Shape, Shown, Text, View, arrow, of_range

LOW = 300.0
"""Height of a room below which bodies are small."""
UPRIGHT: frozenset[Direction] = frozenset({"up", "down"})
_THICK = 22.0
_ROW = 78.0
_LABEL_WIDTH, _LABEL_HEIGHT = 250.0, 40.0
_OVER = 30.0 + _LABEL_HEIGHT
"""How far the label of a sideways force reaches above the middle of its arrow."""


class Place(NamedTuple):
    """Where a body is: its middle, top and ground, and half of its width."""

    middle: float
    top: float
    floor: float
    half: float

    def row(self, rank: int) -> float:
        """Return the height of the arrow with a number among those of one direction."""
        return self.top + 0.45 * (self.floor - self.top) - rank * _ROW

    def above(self, rows: int) -> float:
        """Return the height above the body and above the labels of its rows of arrows."""
        return min(self.top, self.row(rows - 1) - _OVER) if rows else self.top


def draw_forces(
    picture: Bodies, forces: Sequence[Force], place: Place, scale: float, view: View, shown: Shown,
    room: Box, top: float,
) -> Iterator[Shape]:  # fmt: skip
    """Yield the arrows of forces that grow, and their sum as far as they have merged.

    Args:
        picture: the picture.
        forces: those on the body.
        place: where the body is.
        scale: design pixels per unit of force.
        view: room, colours and language of the picture.
        shown: how far each element and state is shown.
        room: room of the body.
        top: height above which nothing stands.
    """
    palette = view.palette
    own = {force.id for force in forces}
    merges = {}
    for name in picture.states:
        verb, ids = picture.verb(name)
        if verb == "merge" and ids[0] in own:
            merges[name] = ids
    rows = max(sum(force.to == to for force in forces) for to in ("left", "right"))
    merged = {each: shown[name] for name, ids in merges.items() for each in ids}
    ranks: dict[Direction, int] = {}
    for force in forces:
        rank = ranks.get(force.to, 0)
        ranks[force.to] = rank + 1
        seen = min(shown[force.id], shown[force.on])  # no arrow stands without its body
        gone = merged.get(force.id, 0.0)
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
            upright = any(force.to in UPRIGHT for force in forces if force.id in ids)
            whole = size * scale
            grown = whole * of_range(shown[name], 0.2, 1)
            yield from _arrow(to, 0, place, grown, palette.accent, net=True)
            ink = view.fade(palette.ink, of_range(shown[name], 0.6, 1))
            text = f"ΣF = {picture.net_label(net, view.language)}"
            if size:
                yield _label(to, 0, place, whole, text, ink, net=True, room=room)
            elif upright:
                y = min(place.top - 52, place.above(rows) - 40)
                box = Box(place.middle - place.half - 270, y, 250 + place.half, 40)
                yield Text(text, box, ink, 28, "end")
            else:
                yield Text(text, Box(place.middle - 150, top - 50, 300, 40), ink, 30)


def _arrow(
    to: Direction, rank: int, place: Place, length: float, colour: Colour, *, net: bool = False
) -> Iterator[Shape]:
    """Yield an arrow from the edge of a body; a net force lies on its parts or beside them."""
    if to in UPRIGHT:
        sign, y = (-1, place.top) if to == "up" else (1, place.floor)
        x = place.middle + (-48 if net else rank * 48)
        yield from arrow((x, y), (x, y + sign * length), colour, _THICK)
    else:
        sign = 1 if to == "right" else -1
        x, y = place.middle + sign * (place.half + 6), place.row(rank)
        yield from arrow((x, y), (x + sign * length, y), colour, _THICK)


def _label(
    to: Direction, rank: int, place: Place, length: float, text: str, ink: Colour, *,
    room: Box, net: bool = False,
) -> Text:  # fmt: skip
    """Return the label of an arrow within a room; that of a net force is on the other side."""
    if to in UPRIGHT:
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
    if net and room.height < LOW:
        y = place.floor + 1
    box = Box(start if sign > 0 else start - width, y, width, _LABEL_HEIGHT)
    return Text(text, box, ink, 28, "start" if sign > 0 else "end")
