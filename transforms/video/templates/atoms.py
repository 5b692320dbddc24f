"""Drawing of atoms: a nucleus of counted protons and neutrons, and electrons around it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import cos, pi, sin, sqrt

from transforms.pictures.particle_parts import NUCLEONS, Atom, shells
from transforms.pictures.particles import Particles, symbol_of
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour, mix
from transforms.video.templates.shapes import Disc, Point, Shape, Shown, Text, View, of_range

_LEGEND = 330.0
_NAME = 52.0
_TURN = 2.399963
"""The golden angle, which packs the nucleons of a nucleus evenly."""


def draw_atoms(picture: Particles, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the atoms with their electrons, and the numbers of their parts."""
    area, count = view.area, len(picture.atoms)
    alone = count == 1
    legend = min(_LEGEND, area.width * 0.44)
    width = (area.width - (legend if alone else 0.0)) / count
    radius = min(width / 2 - 16, (area.height - _NAME) / 2)
    places = {
        atom.id: (area.x + (at + 0.5) * width, area.y + radius)
        for at, atom in enumerate(picture.atoms)
    }
    electrons, charges = _electrons(picture, shown)
    for atom in picture.atoms:
        yield from _atom(picture, atom, places[atom.id], radius, view, shown)
    for atom in picture.atoms:
        middle, seen = places[atom.id], _seen(picture, atom, "electrons", shown)
        for point in _around(electrons[atom.id], radius):
            yield from _electron((middle[0] + point[0], middle[1] + point[1]), view, seen)
        box = Box(middle[0] - 160, middle[1] + radius + 6, 320, _NAME - 8)
        ink = view.fade(view.palette.ink, shown[atom.id])
        symbol = symbol_of(atom.element, charges[atom.id])
        yield Text(f"{symbol}  {atom.label}".strip(), box, ink, 40)
    yield from _given(picture, places, radius, view, shown)
    if alone:
        room = Box(area.right - legend, area.y, legend, area.height)
        yield from _legend(picture, picture.atoms[0], room, view, shown)


def _seen(picture: Particles, atom: Atom, of: str, shown: Shown) -> float:
    """Return how far protons, neutrons or electrons are shown: with their count, if it is told."""
    for name in picture.states:
        if picture.verb(name) == ("count", [atom.id, of]):
            return min(shown[atom.id], shown[name])
    return shown[atom.id]


def _electrons(picture: Particles, shown: Shown) -> tuple[dict[str, int], dict[str, int]]:
    """Return the electrons and the charge of each atom, without those on their way."""
    electrons = {atom.id: atom.number("electrons") for atom in picture.atoms}
    charges = {atom.id: atom.charge for atom in picture.atoms}
    for each in picture.given():
        if shown[each.state]:
            electrons[each.giver] -= each.number
            charges[each.giver] += each.number
        if shown[each.state] >= 1:
            electrons[each.taker] += each.number
            charges[each.taker] -= each.number
    return electrons, charges


def _atom(
    picture: Particles, atom: Atom, middle: Point, radius: float, view: View, shown: Shown
) -> Iterator[Shape]:
    """Yield the cloud of an atom and its nucleus."""
    seen, palette = shown[atom.id], view.palette
    for share, depth in ((1.0, 0.07), (0.74, 0.13), (0.5, 0.19)):
        colour = view.fade(mix(palette.background, palette.accent, depth), seen)
        yield Disc(middle[0], middle[1], radius * share, colour)
    heaviest = max(each.mass for peer in view.alike(picture) for each in peer.atoms)
    size = min(17.0, 0.3 * radius / sqrt(heaviest))
    neutron = view.fade(palette.muted, _seen(picture, atom, "neutrons", shown))
    proton = view.fade(view.second, _seen(picture, atom, "protons", shown))
    for at in range(atom.mass):
        away = 1.05 * size * sqrt(at)
        x, y = middle[0] + away * cos(_TURN * at), middle[1] + away * sin(_TURN * at)
        is_proton = (at + 1) * atom.protons // atom.mass > at * atom.protons // atom.mass
        kind = "protons" if is_proton else "neutrons"
        grown = _seen(picture, atom, kind, shown)
        yield Disc(x, y, size * grown, proton if is_proton else neutron)


@lru_cache(maxsize=64)
def _around(electrons: int, radius: float) -> tuple[Point, ...]:
    """Return the places of electrons, in shells around the middle."""
    points = []
    for shell, number in enumerate(shells(electrons)):
        away = radius * (0.5 + 0.21 * shell) * (1.0 if shell < 3 else 0.98)
        for at in range(number):
            angle = 2 * pi * at / number + 0.6 * shell - pi / 2
            points.append((away * cos(angle), away * sin(angle)))
    return tuple(points)


def _electron(at: Point, view: View, seen: float) -> Iterator[Shape]:
    yield Disc(at[0], at[1], 11 * seen, view.fade(view.palette.background, seen))
    yield Disc(at[0], at[1], 9 * seen, view.fade(view.palette.accent, seen))


def _given(
    picture: Particles, places: dict[str, Point], radius: float, view: View, shown: Shown
) -> Iterator[Shape]:
    """Yield the electrons that are on their way from one atom to another."""
    electrons = {atom.id: atom.number("electrons") for atom in picture.atoms}
    for each in picture.given():
        old, new = electrons[each.giver], electrons[each.taker] + each.number
        share = shown[each.state]
        for at in range(each.number):
            start = _around(old, radius)[old - 1 - at]
            end = _around(new, radius)[new - 1 - at]
            (x0, y0), (x1, y1) = places[each.giver], places[each.taker]
            x = x0 + start[0] + (x1 + end[0] - x0 - start[0]) * share
            y = y0 + start[1] + (y1 + end[1] - y0 - start[1]) * share
            if 0 < share < 1:
                yield from _electron((x, y - 60 * sin(pi * share)), view, 1.0)
        electrons[each.giver] -= each.number
        electrons[each.taker] = new


def _legend(picture: Particles, atom: Atom, room: Box, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the numbers of protons, neutrons and electrons beside an atom."""
    colours: dict[str, Colour] = {
        "protons": view.second, "neutrons": view.palette.muted, "electrons": view.palette.accent
    }  # fmt: skip
    x, y = room.x + 20, room.y + room.height / 2 - 110
    for row, of in enumerate(NUCLEONS):
        seen = _seen(picture, atom, of, shown)
        middle = y + row * 84
        yield Disc(x, middle, 17 * of_range(seen, 0, 0.5), view.fade(colours[of], seen))
        text = f"{atom.number(of)} {getattr(picture.names, of)}"
        ink = view.fade(view.palette.ink, of_range(seen, 0.2, 1))
        yield Text(text, Box(x + 36, middle - 30, room.width - 56, 60), ink, 36, "start")
