"""Drawing of reactions: molecules of counted atoms, which regroup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from math import cos, pi, sin, sqrt
from typing import NamedTuple

from transforms.maths.atom_count import Reaction, Substance, read_reaction
from transforms.maths.plain import species
from transforms.pictures.particle_parts import Change
from transforms.pictures.particles import Particles, symbol_of
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour, mix
from transforms.video.templates.shapes import (
    Disc,
    Point,
    Shape,
    Shown,
    Text,
    View,
    arrow,
    of_range,
)

_COLOURS: dict[str, Colour] = {
    "H": (238, 241, 246), "C": (86, 94, 108), "N": (64, 112, 224), "O": (222, 72, 66),
    "Cl": (58, 168, 92), "Na": (150, 92, 206), "Mg": (38, 150, 140), "S": (226, 184, 48),
    "Fe": (190, 110, 60), "Ca": (122, 140, 92), "K": (190, 86, 160), "P": (236, 136, 40),
    "F": (120, 200, 120), "Al": (150, 160, 175), "Cu": (200, 122, 80), "Zn": (120, 132, 160),
}  # fmt: skip
"""Colours of the elements, close to those of model kits."""
_OTHER: Colour = (130, 130, 150)
_PLAIN_CHARGE = str.maketrans("⁺⁻²³⁴", "+−234")
_SMALL = 0.68
"""Radius of a hydrogen atom in radii of the others."""
_BEND = 52 * pi / 180
_NAMES, _TALLY = 52.0, 46.0
_ARROW = 120.0
_MOST_DOTS = 16


class _Placed(NamedTuple):
    """An atom of a molecule: its element, and its middle in radii from that of the molecule."""

    symbol: str
    x: float
    y: float

    @property
    def size(self) -> float:
        """Return the radius in radii."""
        return _SMALL if self.symbol == "H" else 1.0


class _Atom(NamedTuple):
    """An atom on the slide."""

    symbol: str
    x: float
    y: float
    radius: float


class _Group(NamedTuple):
    """Units of one substance on the slide: their atoms, and the box of their formula."""

    substance: Substance
    atoms: tuple[_Atom, ...]
    name: Box


def draw_reactions(picture: Particles, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the reaction that is shown last, and the numbers of its atoms."""
    seen = [shown[reaction.id] for reaction in picture.reactions]
    for at, reaction in enumerate(picture.reactions):
        later = max(seen[at + 1 :], default=0.0)
        share = of_range(seen[at], 0, 1) * (1 - of_range(later, 0, 0.4))
        if share:
            entering = of_range(share, 0.4, 1) if at and later == 0 else share
            yield from _reaction(picture, reaction, view, shown, entering)


def _reaction(
    picture: Particles, reaction: Change, view: View, shown: Shown, seen: float
) -> Iterator[Shape]:
    verbs = {picture.verb(name)[0]: name for name in picture.states
             if picture.verb(name)[1] == [reaction.id]}  # fmt: skip
    reacts = shown[verbs["react"]] if "react" in verbs else None
    counts = shown[verbs["count"]] if "count" in verbs else 0.0
    substances = read_reaction(reaction.text)
    rows = len(picture.counted(reaction)) if "count" in verbs else 0
    left, right, radius, arrow_at = _lay_out(substances, view.area, rows)
    middle = arrow_at[1]
    whole = view.fade(view.palette.ink, seen)
    start = arrow_at[0] - _ARROW / 2 + 14
    yield from arrow((start, middle), (start + _ARROW - 28, middle), whole, 9)
    yield from _names(left, view, seen)
    yield from _names(right, view, seen * (1.0 if reacts is None else of_range(reacts, 0.6, 1)))
    if reacts is None:
        for group in (*left, *right):
            yield from _molecules(group, view, seen)
    else:
        faint = 1 - 0.78 * of_range(reacts, 0, 0.3)
        for group in left:
            yield from _molecules(group, view, seen * faint)
        if reacts:
            yield from _moving(left, right, reacts, radius, view, seen)
    if counts:
        yield from _tally(picture, reaction, view, counts * seen, arrow_at[0])


def _lay_out(
    reaction: Reaction, area: Box, rows: int
) -> tuple[tuple[_Group, ...], tuple[_Group, ...], float, Point]:
    """Return the groups of both sides, the radius of an atom, and the middle of the arrow."""
    room = Box(area.x, area.y, area.width, area.height - rows * _TALLY)
    high = room.height - _NAMES
    sides = [[_block(each) for each in side] for side in reaction]
    plus = 1.6
    wide = sum(columns * w for side in sides for columns, _, w, _ in side)
    wide += plus * sum(len(side) - 1 for side in sides)
    tall = max(lines * h for side in sides for _, lines, _, h in side)
    radius = min(56.0, (room.width - _ARROW) / wide, high / tall)
    groups, x = [], room.x + (room.width - wide * radius - _ARROW) / 2
    middle, arrow_x = room.y + high / 2, 0.0
    for number, (side, blocks) in enumerate(zip(reaction, sides, strict=True)):
        found = []
        for at, (substance, block) in enumerate(zip(side, blocks, strict=True)):
            x += plus * radius if at else 0.0
            found.append(_group(substance, block, x, middle, radius, room.bottom - _NAMES))
            x += block[0] * block[2] * radius
        if number == 0:
            arrow_x = x + _ARROW / 2
            x += _ARROW
        groups.append(tuple(found))
    return groups[0], groups[1], radius, (arrow_x, middle)


@lru_cache(maxsize=256)
def _block(substance: Substance) -> tuple[int, int, float, float]:
    """Return columns and rows of the units of a substance, and the size of one in radii."""
    atoms = _shape(substance.atoms)
    width = 2 * max(abs(each.x) + each.size for each in atoms) + 0.5
    height = 2 * max(abs(each.y) + each.size for each in atoms) + 0.5
    rows = min(substance.number, max(1, round(sqrt(substance.number * 1.4 * width / height))))
    return -(-substance.number // rows), rows, width, height


def _group(
    substance: Substance, block: tuple[int, int, float, float], x: float, middle: float,
    radius: float, names: float,
) -> _Group:  # fmt: skip
    columns, rows, width, height = block
    atoms = []
    for unit in range(substance.number):
        column, row = divmod(unit, rows)
        in_column = min(rows, substance.number - column * rows)
        cx = x + (column + 0.5) * width * radius
        cy = middle + (row - (in_column - 1) / 2) * height * radius
        for each in _shape(substance.atoms):
            atoms.append(
                _Atom(each.symbol, cx + each.x * radius, cy + each.y * radius, each.size * radius)
            )
    wide = columns * width * radius
    name = Box(x + wide / 2 - max(wide, 150) / 2, names + 4, max(wide, 150), _NAMES - 8)
    return _Group(substance, tuple(atoms), name)


@lru_cache(maxsize=256)
def _shape(atoms: tuple[str, ...]) -> tuple[_Placed, ...]:
    """Return the atoms of a molecule: around one in its middle, or packed if there are many."""
    heavy = [each for each in atoms if each != "H"]
    if len(atoms) == 1:
        return (_Placed(atoms[0], 0.0, 0.0),)
    if len(atoms) == 2:
        one, two = (_SMALL if each == "H" else 1.0 for each in atoms)
        apart = 0.86 * (one + two)
        return _centred([_Placed(atoms[0], 0.0, 0.0), _Placed(atoms[1], apart, 0.0)])
    if len(atoms) <= 5:
        least = min(heavy or atoms, key=lambda each: (atoms.count(each), atoms.index(each)))
        middle = atoms.index(least)
        others = [each for at, each in enumerate(atoms) if at != middle]
        around = [_Placed(least, 0.0, 0.0)]
        for angle, each in zip(_angles(least, len(others)), others, strict=True):
            apart = 0.86 * (1.0 + (_SMALL if each == "H" else 1.0))
            around.append(_Placed(each, apart * sin(angle), apart * cos(angle)))
        return _centred(around)
    columns = round(sqrt(len(atoms) * 1.2))
    packed = []
    for at, each in enumerate(atoms):
        row, column = divmod(at, columns)
        packed.append(_Placed(each, 1.75 * (column + 0.5 * (row % 2)), 1.5 * row))
    return _centred(packed)


def _angles(middle: str, number: int) -> Sequence[float]:
    """Return the directions of the atoms around one, from straight down."""
    if number == 2 and middle in ("O", "S"):
        return (-_BEND, _BEND)
    if number == 2:
        return (-pi / 2, pi / 2)
    first = pi / 4 if number == 4 else 0.0
    return [first + 2 * pi * at / number for at in range(number)]


def _centred(atoms: Sequence[_Placed]) -> tuple[_Placed, ...]:
    left = min(each.x - each.size for each in atoms)
    right = max(each.x + each.size for each in atoms)
    top = min(each.y - each.size for each in atoms)
    bottom = max(each.y + each.size for each in atoms)
    across, down = (left + right) / 2, (top + bottom) / 2
    return tuple(each._replace(x=each.x - across, y=each.y - down) for each in atoms)


def _names(groups: Sequence[_Group], view: View, seen: float) -> Iterator[Shape]:
    ink = view.fade(view.palette.ink, seen)
    for at, group in enumerate(groups):
        text = species(replace(group.substance.species, state=""))
        yield Text(text, group.name, ink, 38)
        if at:
            before = groups[at - 1]
            right = max(each.x + each.radius for each in before.atoms)
            left = min(each.x - each.radius for each in group.atoms)
            middle = (right + left) / 2
            yield Text("+", Box(middle - 30, group.name.y, 60, group.name.height), ink, 34)


def _molecules(group: _Group, view: View, seen: float) -> Iterator[Shape]:
    for each in group.atoms:
        yield from _ball(each, view, seen)
    charge, size = group.substance.charge, len(group.substance.atoms)
    if charge:
        sign = symbol_of("", charge).translate(_PLAIN_CHARGE)
        ink = view.fade(view.palette.ink, seen)
        for at in range(0, len(group.atoms), size):
            unit = group.atoms[at : at + size]
            right = max(each.x + each.radius for each in unit)
            top = min(each.y - each.radius for each in unit)
            yield Text(sign, Box(right - 16, top - 30, 56, 44), ink, 36)


def _ball(atom: _Atom, view: View, seen: float) -> Iterator[Shape]:
    colour = _COLOURS.get(atom.symbol, _OTHER)
    yield Disc(atom.x, atom.y, atom.radius, view.fade(view.palette.ink, 0.75 * seen))
    yield Disc(atom.x, atom.y, atom.radius - max(1.5, atom.radius * 0.06), view.fade(colour, seen))
    ink = (20, 24, 36) if sum(colour) > 480 else (255, 255, 255)
    half = atom.radius * 0.8
    box = Box(atom.x - half, atom.y - half, 2 * half, 2 * half)
    if atom.radius >= 15:
        ground = view.fade(colour, seen)
        yield Text(atom.symbol, box, mix(ground, ink, seen), atom.radius * 0.95)


def _moving(
    left: Sequence[_Group], right: Sequence[_Group], share: float, radius: float, view: View,
    seen: float,
) -> Iterator[Shape]:  # fmt: skip
    """Yield the atoms on their way: each to a place of its element in the products."""
    free = [each for group in left for each in group.atoms]
    for place in (each for group in right for each in group.atoms):
        atom = next(each for each in free if each.symbol == place.symbol)
        free.remove(atom)
        way = share
        lift = radius * 1.2 * sin(pi * way) * (1 if atom.y <= place.y else -1)
        x = atom.x + (place.x - atom.x) * way
        y = atom.y + (place.y - atom.y) * way - lift
        yield from _ball(_Atom(atom.symbol, x, y, atom.radius), view, seen)


def _tally(
    picture: Particles, reaction: Change, view: View, share: float, middle: float
) -> Iterator[Shape]:
    """Yield the atoms of each element as dots left and right of a scale, and their numbers."""
    area, palette = view.area, view.palette
    counts = picture.counted(reaction)
    top = area.bottom - len(counts) * _TALLY + 4
    room = min(middle - area.x, area.right - middle) - 160
    most = max(min(_MOST_DOTS, number) for _, *sides in counts for number in sides)
    step = min(30.0, room / most)
    for row, (symbol, *sides) in enumerate(counts):
        y = top + (row + 0.5) * _TALLY
        colour = view.fade(_COLOURS.get(symbol, _OTHER), share)
        ring = view.fade(palette.ink, 0.75 * share)
        ink = view.fade(palette.ink, share)
        for side, number in enumerate(sides):
            sign = 1 if side else -1
            box = Box(middle + sign * 54 - 30, y - 20, 60, 40)
            yield Text(str(number), box, ink, 32)
            for at in range(min(number, _MOST_DOTS)):
                dot = of_range(share, at / (number + 1), (at + 1) / (number + 1))
                x = middle + sign * (100 + at * step)
                yield Disc(x, y, 12 * dot, ring)
                yield Disc(x, y, 10.5 * dot, colour)
        same = "=" if sides[0] == sides[1] else "≠"
        yield Text(same, Box(middle - 24, y - 20, 48, 40), ink, 34)
        yield Text(symbol, Box(middle - 100 - most * step - 44, y - 20, 48, 40), ink, 28)
