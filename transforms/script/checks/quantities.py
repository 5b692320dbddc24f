"""Parser of numbers and units of measurement in texts, into exact quantities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

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

NAME = rf"(?:°[CF]?|%|[{CURRENCIES}]|{LETTER}+)"
"""The name of a unit in a regular expression."""

_NAMES: Mapping[str, str] = {
    "1 m": "m meter meters metre metres", "1/1000 m": "mm millimeters millimetres",
    "1/100 m": "cm centimeter centimeters centimetres",
    "1000 m": "km kilometer kilometers kilometre kilometres",
    "254/10000 m": "inch inches", "3048/10000 m": "ft foot feet", "9144/10000 m": "yd yard yards",
    "1609344/1000 m": "mi mile miles",
    "1 kg": "kg kilogram kilograms kilo kilos", "1/1000 kg": "g gram grams",
    "1/1000000 kg": "mg milligrams", "45359237/100000000 kg": "lb lbs pound pounds",
    "1 s": "s sec second seconds", "60 s": "min minute minutes", "3600 s": "h hr hour hours",
    "1 kg m s-2": "N newton newtons", "1000 kg m s-2": "kN",
    "1 kg m2 s-2": "J joule joules", "1000 kg m2 s-2": "kJ kilojoules", "1000000 kg m2 s-2": "MJ",
    "1 kg m2 s-3": "W watt watts", "1000 kg m2 s-3": "kW kilowatts",
    "1 kg m-1 s-2": "Pa pascals", "1000 kg m-1 s-2": "kPa",
    "1 A": "A amp amps ampere amperes", "1/1000 A": "mA milliamps", "1 A s": "C coulomb coulombs",
    "1 kg m2 s-3 A-1": "V volt volts", "1/1000 kg m2 s-3 A-1": "mV",
    "1000 kg m2 s-3 A-1": "kV", "1 kg m2 s-3 A-2": "Ω ohm ohms", "1000 kg m2 s-3 A-2": "kΩ",
    "1 s-1": "Hz hertz", "1000 s-1": "kHz", "1000000 s-1": "MHz",
    "1/1000 m3": "L l liter liters litre litres", "1/1000000 m3": "mL ml milliliters millilitres",
    "1 mol": "mol mole moles", "1 K": "K kelvin", "1 $": "$ dollar dollars", "1 €": "€ euro euros",
    "1/100": "% percent",
}  # fmt: skip
"""Values of units in base units, and the names of each in texts."""

_HIDING = frozenset(
    """
    dozen dozens pair pairs half halves third thirds quarter quarters fifth fifths tenths tens ones
    hundreds hundredths thousands hundred thousand million billion trillion times more less
    """.split()  # noqa: SIM905  (a list of thirty strings is hard to read)
)
"""Words after a number that multiply it or compare."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

Dimension = tuple[tuple[str, int], ...]
"""Exponents by base unit, or by word with a question mark before it."""


class NotUnderstood(ValueError):
    """The text is not a number or calculation that can be evaluated."""


@dataclass(frozen=True)
class Quantity:
    """An exact number and its unit.

    Attributes:
        value: the number, in the base units of `dimension` if there is one.
        dimension: exponents of base units, sorted; empty for a plain number.
        step: unit of the last place that was written, in the same units; 0 for exact numbers.
        is_bare: a number of the calculation has no unit, which readers may have to add.
    """

    value: Fraction
    dimension: Dimension = ()
    step: Fraction = Fraction(0)
    is_bare: bool = False


def parse_number(text: str, language: str) -> tuple[Fraction, Fraction]:
    """Parse a number; return its value and the value of its last decimal place.

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


def unit(text: str) -> tuple[Fraction, Dimension]:
    """Parse a unit such as ``m/s²``; return its factor to base units and its dimension.

    Any other word, such as "apples", is a dimension of its own.

    Raises:
        NotUnderstood: a word is no unit because it multiplies the number.
    """
    factor, exponents, sign = Fraction(1), dict[str, int](), 1
    for operator, name, power in re.findall(rf"([/·]?)\s*({NAME})([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*)", text):
        sign = -1 if operator == "/" else sign
        times = sign * int(power.translate(_SUPERSCRIPTS) or 1)
        scale, base = _base(name)
        factor *= scale**times
        for part, count in base:
            exponents[part] = exponents.get(part, 0) + count * times
    return factor, tuple(sorted((part, count) for part, count in exponents.items() if count))


def is_known(dimension: Dimension) -> bool:
    """Return whether a dimension is made of units of measurement, not of other words."""
    return all(part[0] != "?" for part, _ in dimension)


@cache
def _base(name: str) -> tuple[Fraction, Dimension]:
    if name in _HIDING:
        raise NotUnderstood(name)
    found = _units().get(name)
    if found:
        return found
    single = name if name.endswith(("ss", "us", "is")) else name.removesuffix("s")
    return Fraction(1), ((f"?{single.casefold()}", 1),)


@cache
def _units() -> Mapping[str, tuple[Fraction, Dimension]]:
    units: dict[str, tuple[Fraction, Dimension]] = {}
    for value, names in _NAMES.items():
        factor, *parts = value.split()
        powers = (re.fullmatch(r"(\D+?)(-?\d+)?", part) for part in parts)
        base = tuple(sorted((power[1], int(power[2] or 1)) for power in powers if power))
        units |= dict.fromkeys(names.split(), (Fraction(factor), base))
    return units
