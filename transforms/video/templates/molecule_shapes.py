"""Shapes of molecules: where the atoms of a formula stand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import cos, pi, sin, sqrt
from typing import NamedTuple

_SMALL = 0.68
"""Radius of a hydrogen atom in radii of the others."""
_BEND = 52 * pi / 180


class PlacedAtom(NamedTuple):
    """An atom of a molecule: its element, and its middle in radii from that of the molecule."""

    symbol: str
    x: float
    y: float

    @property
    def size(self) -> float:
        """Return the radius in radii."""
        return _SMALL if self.symbol == "H" else 1.0


@lru_cache(maxsize=256)
def molecule(atoms: tuple[str, ...]) -> tuple[PlacedAtom, ...]:
    """Return the atoms of a molecule: around one in its middle, or packed if there are many."""
    heavy = [each for each in atoms if each != "H"]
    if len(atoms) == 1:
        return (PlacedAtom(atoms[0], 0.0, 0.0),)
    if len(atoms) == 2:
        one, two = (_SMALL if each == "H" else 1.0 for each in atoms)
        apart = 0.86 * (one + two)
        return _centred([PlacedAtom(atoms[0], 0.0, 0.0), PlacedAtom(atoms[1], apart, 0.0)])
    if len(atoms) <= 5:
        least = min(heavy or atoms, key=lambda each: (atoms.count(each), atoms.index(each)))
        middle = atoms.index(least)
        others = [each for at, each in enumerate(atoms) if at != middle]
        around = [PlacedAtom(least, 0.0, 0.0)]
        for angle, each in zip(_angles(least, len(others)), others, strict=True):
            apart = 0.86 * (1.0 + (_SMALL if each == "H" else 1.0))
            around.append(PlacedAtom(each, apart * sin(angle), apart * cos(angle)))
        return _centred(around)
    columns = round(sqrt(len(atoms) * 1.2))
    packed = []
    for at, each in enumerate(atoms):
        row, column = divmod(at, columns)
        packed.append(PlacedAtom(each, 1.75 * (column + 0.5 * (row % 2)), 1.5 * row))
    return _centred(packed)


def _angles(middle: str, number: int) -> Sequence[float]:
    """Return the directions of the atoms around one, from straight down."""
    if number == 2 and middle in ("O", "S"):
        return (-_BEND, _BEND)
    if number == 2:
        return (-pi / 2, pi / 2)
    first = pi / 4 if number == 4 else 0.0
    return [first + 2 * pi * at / number for at in range(number)]


def _centred(atoms: Sequence[PlacedAtom]) -> tuple[PlacedAtom, ...]:
    left = min(each.x - each.size for each in atoms)
    right = max(each.x + each.size for each in atoms)
    top = min(each.y - each.size for each in atoms)
    bottom = max(each.y + each.size for each in atoms)
    across, down = (left + right) / 2, (top + bottom) / 2
    return tuple(each._replace(x=each.x - across, y=each.y - down) for each in atoms)
