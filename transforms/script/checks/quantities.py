"""Numbers with units, as they stand in texts, and the evaluation of calculations with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from transforms.text.language import primary_subtag

_COMMA_DECIMALS = {
    *("bg", "ca", "cs", "da", "de", "el", "es", "et", "fi", "fr", "hr", "hu", "id", "is", "it"),
    *("lt", "lv", "nb", "nl", "nn", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "tr"),
    *("uk", "vi"),
}
_POINT_REGIONS = {"es-MX", "es-US", "es-GT", "es-HN", "es-NI", "es-SV", "es-PA", "de-CH"}

VULGAR = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅛": "1/8"}

CURRENCIES = "$€£¥₹"

LETTER = r"[^\W\d_⁰¹²³⁴⁵⁶⁷⁸⁹½⅓⅔¼¾⅕⅛]"
"""A letter in a regular expression; raised digits count as word characters too."""

UNITS: Mapping[str, str] = {
    "mm": "mm", "cm": "cm", "m": "m", "km": "km",
    "millimeters": "mm", "centimeters": "cm", "meters": "m", "metres": "m", "meter": "m",
    "kilometers": "km", "kilometres": "km", "centimetres": "cm",
    "mg": "mg", "g": "g", "kg": "kg", "grams": "g", "kilograms": "kg", "kilogram": "kg",
    "s": "s", "min": "min", "h": "hour", "seconds": "s", "second": "s", "minutes": "min",
    "hours": "hour", "hour": "hour",
    "N": "N", "J": "J", "kJ": "kJ", "W": "W", "kW": "kW", "Pa": "Pa", "kPa": "kPa",
    "newtons": "N", "newton": "N", "joules": "J", "watts": "W",
    "V": "V", "A": "A", "Ω": "ohm", "C": "coulomb", "Hz": "Hz", "volts": "V", "amperes": "A",
    "amps": "A", "ohms": "ohm",
    "L": "liter", "l": "liter", "mL": "mL", "ml": "mL", "liters": "liter", "litres": "liter",
    "mol": "mol", "moles": "mol", "K": "K",
}  # fmt: skip
"""Names of units in texts, and what Pint calls them; other words are no units."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


class NotUnderstood(ValueError):
    """A text is no number or calculation that can be evaluated."""


@dataclass(frozen=True)
class Quantity:
    """An exact number and its unit.

    Attributes:
        value: the number, in the base units of `dimension` if there is one.
        dimension: exponents of Pint's base units, sorted; empty for a plain number.
        step: unit of the last place that was written, in the same units; 0 for exact numbers.
        is_bare: a number of the calculation has no unit, which readers may have to add.
    """

    value: Fraction
    dimension: tuple[tuple[str, int], ...] = ()
    step: Fraction = Fraction(0)
    is_bare: bool = False


def parse_number(text: str, language: str) -> tuple[Fraction, Fraction]:
    """Return a number and the unit of its last place.

    Args:
        text: digits with separators of the language.
        language: BCP-47 tag of the text.

    Raises:
        NotUnderstood: it is no number.
    """
    comma = primary_subtag(language) in _COMMA_DECIMALS and language not in _POINT_REGIONS
    point, group = (",", ".") if comma else (".", ",")
    plain = re.sub(r"(?<=\d)[\u00a0\u202f\u2009 ](?=\d{3}\b)", "", text)
    if re.fullmatch(rf"\d{{1,3}}(?:\{group}\d{{3}})+(?:\{point}\d+)?", plain):
        plain = plain.replace(group, "")
    if not re.fullmatch(rf"\d+(?:\{point}\d+)?", plain):
        raise NotUnderstood(text)
    plain = plain.replace(point, ".")
    places = len(plain.partition(".")[2])
    return Fraction(plain), Fraction(1, 10**places) if places else Fraction(1)


def unit(text: str) -> tuple[Fraction, tuple[tuple[str, int], ...]]:
    """Return the factor and the dimension of a unit such as ``m/s²``.

    Raises:
        NotUnderstood: a part of it is no unit of `UNITS`.
    """
    if text in ("%", "percent", "per cent"):
        return Fraction(1, 100), ()
    if not text:
        return Fraction(1), ()
    if text in CURRENCIES:
        return Fraction(1), ((text, 1),)
    factor, exponents, sign = Fraction(1), dict[str, int](), 1
    for operator, name, power in re.findall(rf"([/·]?)\s*({LETTER}+)([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*)", text):
        sign = -1 if operator == "/" else sign
        times = sign * int(power.translate(_SUPERSCRIPTS) or 1)
        scale, base = _base(name)
        factor *= scale**times
        for part, count in base:
            exponents[part] = exponents.get(part, 0) + count * times
    return factor, tuple(sorted((part, count) for part, count in exponents.items() if count))


@cache
def _base(name: str) -> tuple[Fraction, tuple[tuple[str, int], ...]]:
    if name not in UNITS:
        raise NotUnderstood(name)
    found = _registry()(UNITS[name]).to_base_units()
    dimension = tuple(sorted((part, int(count)) for part, count in found.units._units.items()))
    return Fraction(str(found.magnitude)).limit_denominator(10**9), dimension


@cache
def _registry() -> Any:
    import pint  # takes a second to load

    return pint.UnitRegistry()
