"""Spoken form of substances and reactions: elements are spelled, "Fe2O3" is "F E two O three"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from transforms.maths import number_words
from transforms.maths.tree import Arrow, Atoms, Group, Species

_STATES: Final = {"aq": "aqueous", "s": "solid", "l": "liquid", "g": "gas"}
_MARKS: Final = {"↑": "as a gas", "↓": "as a precipitate"}
_ARROWS: Final = {
    "→": "yields", "←": "is formed from", "⇌": "is in equilibrium with", "↔": "resonates with",
}  # fmt: skip
_COUNTS: Final = {"½": "1/2", "¼": "1/4", "¾": "3/4"}


def species(node: Species) -> str:
    """Return a substance or an ion in words."""
    words = [_count(node.count)] if node.count else []
    if node.parts == (Atoms("e"),) and node.charge == "−":
        words.append({"": "an electron", "1": "electron"}.get(node.count, "electrons"))
        return " ".join(words)
    parts = list(_parts(node.parts))
    if node.mass:
        parts.insert(1, number_words.number(node.mass))
    words += parts
    if node.charge:
        words += _charge(node.charge)
    said = " ".join(words)
    for mark in filter(None, (_STATES.get(node.state), _MARKS.get(node.mark))):
        said += f", {mark},"
    return said


def arrow(node: Arrow) -> str:
    """Return the arrow of a reaction in words, with its conditions."""
    conditions = " and ".join(filter(None, (node.above, node.below)))
    return f"{_ARROWS[node.char]}, with {conditions}," if conditions else _ARROWS[node.char]


def _count(count: str) -> str:
    return number_words.written(_COUNTS.get(count, count))


def _parts(parts: Sequence[Atoms | Group]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Atoms):
            yield number_words.spell(part.symbol.upper() if part.symbol != "e" else "e")
        else:
            yield "open paren" if part.left == "(" else "open bracket"
            yield from _parts(part.parts)
            yield "close paren" if part.right == ")" else "close bracket"
        if part.number:
            yield number_words.written(part.number)


def _charge(charge: str) -> list[str]:
    digits = "".join(filter(str.isdecimal, charge))
    signs = charge.replace(digits, "") if digits else charge
    count = digits or (str(len(signs)) if len(signs) > 1 else "")
    return [number_words.written(count)] * bool(count) + ["plus" if "+" in charge else "minus"]
