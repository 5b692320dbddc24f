"""Drawing of reactions: molecules of counted atoms, which regroup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from math import pi, sin, sqrt
from typing import NamedTuple

from transforms.maths.atom_count import Reaction, Substance, read_reaction
from transforms.maths.plain import species
from transforms.pictures.particle_parts import Change
from transforms.pictures.particles import Particles, symbol_of
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour, mix
from transforms.video.templates.molecule_shapes import molecule
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
_FORMULAS, _NAMES, _TALLY = 52.0, 52.0, 42.0
_ARROW, _PLUS = 120.0, 44.0
_NAME_WIDTH = 200.0
_MOST_DOTS = 16
_GHOST = 0.34
"""How far atoms that have reacted are still seen, without letters."""


_Block = tuple[int, int, float, float]
"""Columns and rows of the units of a substance, and the size of one unit in radii."""


class _Atom(NamedTuple):
    """An atom on the slide."""

    symbol: str
    x: float
    y: float
    radius: float


class _Group(NamedTuple):
    """Units of one substance on the slide: their atoms, the box of their formula, and a name."""

    substance: Substance
    atoms: tuple[_Atom, ...]
    box: Box
    name: str


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
    room, radius = _room(view.alike(picture), view.area)
    left, right, arrow_at = _lay_out(reaction, substances, room, radius)
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
        faint = 1 - (1 - _GHOST) * of_range(reacts, 0, 0.3)
        for group in left:
            yield from _molecules(group, view, seen * faint)
        if reacts:
            yield from _moving(left, right, reacts, radius, view, seen)
            for group in right:
                yield from _charges(group, view, seen * of_range(reacts, 0.8, 1))
    if counts:
        yield from _tally(picture, reaction, view, counts * seen, arrow_at[0])


def _room(pictures: Sequence[Particles], area: Box) -> tuple[Box, float]:
    """Return the room for molecules and names, and the radius that suits all reactions."""
    rows = max(map(_tally_rows, pictures))
    room = Box(area.x, area.y, area.width, area.height - rows * _TALLY)
    radius = 56.0
    for change in (each for picture in pictures for each in picture.reactions):
        reaction = read_reaction(change.text)
        blocks = [_block(each) for side in reaction for each in side]
        high = room.height - _below(change)
        radius = min(radius, high / max(lines * h for _, lines, _, h in blocks))
        while radius > 8 and _width(change, blocks, room, radius) > room.width + 0.1:
            radius -= 0.5
    return room, radius


def _tally_rows(picture: Particles) -> int:
    """Return the most elements that a state counts."""
    tallied = {
        picture.verb(name)[1][0] for name in picture.states if picture.verb(name)[0] == "count"
    }
    return max((len(picture.counted(r)) for r in picture.reactions if r.id in tallied), default=0)


def _below(change: Change) -> float:
    return _FORMULAS + (_NAMES if change.names else 0.0)


def _steps(change: Change, blocks: Sequence[_Block], room: Box, radius: float) -> list[float]:
    """Return the width of the column of each substance."""
    free = room.width - _ARROW - _PLUS * (len(blocks) - 2)
    least = min(_NAME_WIDTH, free / len(blocks)) if change.names else 0.0
    return [max(columns * wide * radius, least) for columns, _, wide, _ in blocks]


def _width(change: Change, blocks: Sequence[_Block], room: Box, radius: float) -> float:
    return sum(_steps(change, blocks, room, radius)) + _ARROW + _PLUS * (len(blocks) - 2)


def _lay_out(
    change: Change, reaction: Reaction, room: Box, radius: float
) -> tuple[tuple[_Group, ...], tuple[_Group, ...], Point]:
    """Return the groups of both sides, and the middle of the arrow."""
    below = _below(change)
    names = list(change.names) or [""] * sum(map(len, reaction))
    high = room.height - below
    sides = [[_block(each) for each in side] for side in reaction]
    steps = _steps(change, [block for side in sides for block in side], room, radius)
    pluses = _PLUS * (len(steps) - 2)
    groups, x = [], room.x + max(0.0, (room.width - sum(steps) - _ARROW - pluses) / 2)
    middle, arrow_x = room.y + high / 2, 0.0
    for number, (side, blocks) in enumerate(zip(reaction, sides, strict=True)):
        found = []
        for at, (substance, block) in enumerate(zip(side, blocks, strict=True)):
            x += _PLUS if at else 0.0
            step, own = steps.pop(0), block[0] * block[2] * radius
            start, top = x + (step - own) / 2, room.bottom - below
            found.append(_group(substance, names.pop(0), block, start, middle, radius, top))
            x += step
        if number == 0:
            arrow_x = x + _ARROW / 2
            x += _ARROW
        groups.append(tuple(found))
    return groups[0], groups[1], (arrow_x, middle)


@lru_cache(maxsize=256)
def _block(substance: Substance) -> _Block:
    """Return columns and rows of the units of a substance, and the size of one in radii."""
    atoms = molecule(substance.atoms)
    width = 2 * max(abs(each.x) + each.size for each in atoms) + 0.5
    height = 2 * max(abs(each.y) + each.size for each in atoms) + 0.5
    rows = min(substance.number, max(1, round(sqrt(substance.number * 0.9 * width / height))))
    return -(-substance.number // rows), rows, width, height


def _group(
    substance: Substance,
    name: str,
    block: _Block,
    x: float,
    middle: float,
    radius: float,
    top: float,
) -> _Group:
    columns, rows, width, height = block
    atoms = []
    for unit in range(substance.number):
        column, row = divmod(unit, rows)
        in_column = min(rows, substance.number - column * rows)
        cx = x + (column + 0.5) * width * radius
        cy = middle + (row - (in_column - 1) / 2) * height * radius
        for each in molecule(substance.atoms):
            atoms.append(
                _Atom(each.symbol, cx + each.x * radius, cy + each.y * radius, each.size * radius)
            )
    wide = columns * width * radius
    box = Box(x + wide / 2 - max(wide, 150) / 2, top + 4, max(wide, 150), _FORMULAS - 8)
    return _Group(substance, tuple(atoms), box, name)


def _names(groups: Sequence[_Group], view: View, seen: float) -> Iterator[Shape]:
    ink = view.fade(view.palette.ink, seen)
    for at, group in enumerate(groups):
        text = species(replace(group.substance.species, state=""))
        yield Text(text, group.box, ink, 38)
        if group.name:
            box, width = group.box, _NAME_WIDTH + _PLUS - 12
            below = Box(box.x + (box.width - width) / 2, box.bottom + 2, width, _NAMES + 4)
            yield Text(group.name, below, view.fade(view.palette.muted, seen), 24, lines=2)
        if at:
            before = groups[at - 1]
            right = max(each.x + each.radius for each in before.atoms)
            left = min(each.x - each.radius for each in group.atoms)
            middle = (right + left) / 2
            yield Text("+", Box(middle - 30, group.box.y, 60, group.box.height), ink, 34)


def _molecules(group: _Group, view: View, seen: float) -> Iterator[Shape]:
    for each in group.atoms:
        yield from _ball(each, view, seen)
    yield from _charges(group, view, seen)


def _charges(group: _Group, view: View, seen: float) -> Iterator[Shape]:
    charge, size = group.substance.charge, len(group.substance.atoms)
    sign = symbol_of("", charge).translate(_PLAIN_CHARGE)
    told = of_range(seen, _GHOST, 1)
    ink = view.fade(view.palette.ink, told)
    for at in range(0, len(group.atoms), size) if charge and told > 0.01 else ():
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
        told = of_range(seen, _GHOST, 1)
        yield Text(
            atom.symbol if told > 0.01 else "", box, mix(ground, ink, told), atom.radius * 0.95
        )


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
