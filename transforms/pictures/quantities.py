"""Numbers with a unit, and how a language writes them."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints

from transforms.text.language import primary_subtag

Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e15, le=1e15)]
Unit = Annotated[str, StringConstraints(max_length=12)]

_COMMA = frozenset(
    """
    bg ca cs da de el es et fi fr hr hu id is it lt lv nb nl no pl pt ro ru sk sl sr sv tr uk vi
    """.split()  # noqa: SIM905
)
"""Languages that write a decimal comma."""
_BEFORE = frozenset("$£€¥₹")
_JOINED = frozenset({"%", "°"})
_SPACE = "\u00a0"


class Quantity(NamedTuple):
    """A number and its unit; the unit is empty for a plain number."""

    number: Number
    unit: Unit


def show_number(number: float, language: str = "en") -> str:
    """Return a number with at most four significant decimals, as the language writes it."""
    digits = f"{abs(round(number, 4)):,.4f}".rstrip("0").rstrip(".")
    if primary_subtag(language) in _COMMA:
        digits = digits.translate({ord(","): _SPACE, ord("."): ","})
    return f"−{digits}" if round(number, 4) < 0 else digits


def show(quantity: Quantity, language: str = "en") -> str:
    """Return a quantity as a label: ``$80``, ``30%``, ``50 N``."""
    digits, unit = show_number(quantity.number, language), quantity.unit
    if unit in _BEFORE and primary_subtag(language) == "en":
        return f"{unit}{digits}"
    if unit in _JOINED:
        return f"{digits}{unit}"
    return f"{digits}{_SPACE}{unit}" if unit else digits


def same(one: float, other: float) -> bool:
    """Return whether a stated number equals a computed one, to three significant digits."""
    return abs(one - other) <= 5e-4 * max(1.0, abs(other))
