"""Counter of the atoms and charges on both sides of a chemical reaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from transforms.maths.chemistry import parse_reaction
from transforms.maths.tokens import FormulaError
from transforms.maths.tree import Arrow, Atoms, Group, Node, Row, Sign, Species

MOST_UNITS = 12
"""Largest number of one substance that is counted in units, and of atoms of one element in it."""


@dataclass(frozen=True)
class Substance:
    """A substance of a reaction, with its coefficient, atoms and charge.

    Attributes:
        number: its coefficient: how many units react.
        species: one unit.
        atoms: symbols of one unit, in the order of its formula.
        charge: of one unit.
    """

    number: int
    species: Species
    atoms: tuple[str, ...]
    charge: int


Reaction = tuple[tuple[Substance, ...], tuple[Substance, ...]]


def read_reaction(text: str) -> Reaction:
    """Parse a reaction such as ``2 H2 + O2 -> 2 H2O`` into the substances of its two sides.

    Raises:
        ValueError: it is no reaction of substances with whole numbers.
    """
    try:
        node = parse_reaction(text)
    except FormulaError:
        raise ValueError("must be a reaction, such as 2 H2 + O2 -> 2 H2O") from None
    parts = node.parts if isinstance(node, Row) else (node,)
    arrows = [at for at, part in enumerate(parts) if isinstance(part, Arrow)]
    if len(arrows) != 1 or not 0 < arrows[0] < len(parts) - 1:
        raise ValueError("must have one arrow between two sides")
    return _side(parts[: arrows[0]]), _side(parts[arrows[0] + 1 :])


def count_atoms(side: Sequence[Substance]) -> Counter[str]:
    """Count the atoms of each element on one side of a reaction."""
    total: Counter[str] = Counter()
    for substance in side:
        for symbol in substance.atoms:
            total[symbol] += substance.number
    return total


def is_balanced(reaction: Reaction) -> bool:
    """Return whether both sides have the same atoms and the same charge."""
    left, right = (count_atoms(side) for side in reaction)
    charges = [sum(each.number * each.charge for each in side) for side in reaction]
    return left == right and charges[0] == charges[1]


def _side(parts: Sequence[Node]) -> tuple[Substance, ...]:
    found = []
    for part in parts:
        for each in part.parts if isinstance(part, Row) else (part,):
            if isinstance(each, Species):
                found.append(_substance(each))
            elif each != Sign("+"):
                raise ValueError("must have substances and plus signs on both sides")
    return tuple(found)


def _substance(species: Species) -> Substance:
    number = _whole(species.count)
    atoms = tuple(_flat(species.parts))
    if not atoms or len(atoms) > 4 * MOST_UNITS:
        raise ValueError(f"must have substances of 1 to {4 * MOST_UNITS} atoms")
    return Substance(number, species, atoms, _charge(species.charge))


def _flat(parts: Sequence[Atoms | Group]) -> list[str]:
    symbols: list[str] = []
    for part in parts:
        inner = [part.symbol] if isinstance(part, Atoms) else _flat(part.parts)
        symbols += inner * _whole(part.number, 4 * MOST_UNITS)
    return symbols


def _whole(text: str, most: int = MOST_UNITS) -> int:
    if text and not text.isdecimal():
        raise ValueError("must have whole numbers")
    number = int(text or 1)
    if not 1 <= number <= most:
        raise ValueError(f"must have numbers from 1 to {most}")
    return number


def _charge(text: str) -> int:
    digits = "".join(char for char in text if char.isdecimal())
    signs = sum(1 if char == "+" else -1 for char in text if char in "+−-")
    return signs * int(digits) if digits else signs
