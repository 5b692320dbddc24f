"""Conversion of unit symbols to words: ``5 m/s²`` becomes "5 meters per second squared".

Symbols and prefixes are those of the International System (BIPM, SI Brochure, 9th edition),
plus customary units of school books.
"""

from __future__ import annotations

import re
from typing import Final

_PREFIXES: Final = {
    "T": "tera", "G": "giga", "M": "mega", "k": "kilo", "h": "hecto", "d": "deci", "c": "centi",
    "m": "milli", "μ": "micro", "n": "nano", "p": "pico",
}  # fmt: skip

# Prefixes that each unit takes; with all combinations "cd" (candela) would be a centiday.
_PREFIXED: Final = {
    "m": ("meter", "kdcmμnp"),
    "g": ("gram", "kmμn"),
    "s": ("second", "mμnp"),
    "L": ("liter", "dcmμ"),
    "l": ("liter", "dcm"),
    "N": ("newton", "kMm"),
    "J": ("joule", "kMGm"),
    "W": ("watt", "kMGTm"),
    "Wh": ("watt hour", "kMGT"),
    "V": ("volt", "kMm"),
    "A": ("amp", "kmμ"),
    "Ah": ("amp hour", "m"),
    "C": ("coulomb", "mμn"),
    "T": ("tesla", "m"),
    "Ω": ("ohm", "kM"),
    "Pa": ("pascal", "hkMG"),
    "bar": ("bar", "m"),
    "mol": ("mole", "m"),
    "eV": ("electron volt", "kMG"),
    "cal": ("calorie", "k"),
    "B": ("byte", "kKMGT"),
    "bit": ("bit", "kM"),
    "bps": ("bit per second", "kMG"),
}

_INVARIABLE: Final = {
    "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "THz": "terahertz",
    "°C": "degrees Celsius", "°F": "degrees Fahrenheit", "F": "degrees Fahrenheit",
    "mF": "millifarads", "μF": "microfarads", "nF": "nanofarads", "pF": "picofarads",
    "mph": "miles per hour", "kph": "kilometers per hour", "rpm": "revolutions per minute",
    "fps": "frames per second", "ppm": "parts per million", "ppb": "parts per billion",
    "mmHg": "millimeters of mercury",
}  # fmt: skip

_PLAIN: Final = {
    "K": "kelvin", "min": "minute", "h": "hour", "hr": "hour", "hrs": "hour", "sec": "second",
    "mi": "mile", "yd": "yard", "lb": "pound", "lbs": "pound", "oz": "ounce",
    "fl oz": "fluid ounce", "gal": "gallon", "dB": "decibel", "cd": "candela", "lm": "lumen",
    "rad": "radian", "atm": "atmosphere", "Bq": "becquerel", "Sv": "sievert",
    "mSv": "millisievert", "Gy": "gray", "Wb": "weber", "AU": "astronomical unit",
    "ly": "light-year", "tsp": "teaspoon", "tbsp": "tablespoon",
    "ha": "hectare", "cc": "cubic centimeter",
}  # fmt: skip

_LENGTHS: Final = ("meter", "meters", "foot", "feet", "yard", "yards", "mile", "miles")


def _names() -> dict[str, tuple[str, str]]:
    names = {symbol: (name, name) for symbol, name in _INVARIABLE.items()}
    names |= {symbol: (name, f"{name}s") for symbol, name in _PLAIN.items()}
    names["ft"] = ("foot", "feet")
    names["°"] = ("degree", "degrees")
    for symbol, (name, prefixes) in _PREFIXED.items():
        names[symbol] = (name, f"{name}s")
        for prefix in prefixes:
            full = ("kilo" if prefix == "K" else _PREFIXES[prefix]) + name
            full = full.replace("oohm", "ohm").replace("aohm", "ohm")
            names[prefix + symbol] = (full, f"{full}s")
    for symbol, (singular, _) in list(names.items()):
        if " per " in singular and symbol not in _INVARIABLE:
            names[symbol] = (singular, singular.replace("bit ", "bits "))
    return names


_NAMES: Final = _names()
WORDS: Final = frozenset(word for pair in _NAMES.values() for word in pair[1].split())
"""All words that occur in plurals of units."""

_EXPONENTS: Final = {2: "squared", 3: "cubed"}
_SYMBOL = "|".join(re.escape(symbol) for symbol in sorted(_NAMES, key=len, reverse=True))
_POWER = r"(?:\^\{-?\d\})?"
_ATOM = rf"(?:{_SYMBOL}){_POWER}"
# A space multiplies only before a negative power ("m s⁻¹"); elsewhere it separates words.
EXPRESSION: Final = (
    rf"{_ATOM}(?:\s?[·*⋅]\s?{_ATOM}|/{_ATOM}|/\({_ATOM}(?:\s?[·*⋅ ]\s?{_ATOM})*\)"
    rf"|\s(?:{_SYMBOL})\^\{{-\d\}})*"
)
_END = r"(?![\w^(]|/(?!\(?\d)|'s\b)"
_QUANTITY = re.compile(
    rf"(?<![A-Za-z_])(\d(?:[\d,.]*\d)?)(\^\{{-?\d+\}})?(\s?|-)({EXPRESSION}){_END}"
)
# Before a noun the unit is singular: "a 5 km run".
_ADJECTIVE = re.compile(r"\b[Aa]n? $")
_OF_ANGLES = re.compile(r"(?<=°) (?:angle|turn|arc|bend|rotation)")
_PART = re.compile(rf"([/· *⋅()]*)({_SYMBOL})(\^\{{(-?\d)\}})?")

# Without a space these are usually letters ("4K", "2T") and not units.
_NEEDS_SPACE: Final = frozenset({"K", "T", "C", "F", "B", "h"})
# Units that are recognized without a number; "V/R" and "F/m" are formulas.
_BARE: Final = re.compile(rf"(?<![\w/^]){EXPRESSION}{_END}")
_BARE_SYMBOLS: Final = frozenset(
    {"kg", "km", "cm", "mm", "nm", "μm", "mL", "kJ", "kW", "kWh", "Hz", "kHz", "MHz", "GHz", "kPa"}
    | {"mph", "°C", "°F", "mol"}
)
_BARE_EXPRESSIONS: Final = frozenset({"m/s", "N·m", "N/m", "N/C", "J/C", "J/s"})
_POWERS: Final = re.compile(r"\^\{-?\d\}")


def _power(name: str, exponent: int, alone: bool) -> str:
    if exponent == 1:
        return name
    words = _EXPONENTS.get(exponent)
    if words is None:
        return f"{name} to the power of {exponent}"
    if alone and name.endswith(_LENGTHS):
        return f"{'square' if exponent == 2 else 'cubic'} {name}"
    return f"{name} {words}"


def _factors(factors: list[tuple[str, int]], one: bool) -> list[str]:
    alone = len(factors) == 1
    last = len(factors) - 1
    return [
        _power(_NAMES[symbol][0 if one or i < last else 1], exponent, alone)
        for i, (symbol, exponent) in enumerate(factors)
    ]


def _read(expression: str, one: bool) -> str:
    """Return a unit expression such as ``kg·m/s^{2}`` in words.

    Args:
        expression: matches `EXPRESSION`.
        one: use the singular.
    """
    above: list[tuple[str, int]] = []
    below: list[tuple[str, int]] = []
    divided = False
    for joint, symbol, _, exponent in _PART.findall(expression):
        divided = divided or "/" in joint
        power = int(exponent or 1)
        (below if divided or power < 0 else above).append((symbol, abs(power)))
    words = _factors(above, one)
    if below:
        words += ["per", *_factors(below, True)]
    return " ".join(words)


def unit_name(expression: str, *, one: bool) -> str | None:
    """Return a unit such as ``m/s²`` in words; None if it is not a unit.

    Args:
        one: use the singular.
    """
    text = re.sub(r"[⁻⁰¹²³⁴-⁹]+", lambda m: f"^{{{m[0].translate(_RAISED)}}}", expression)
    text = re.sub(r"\^(-?\d)(?!\})", r"^{\1}", text.strip().replace("µ", "μ"))
    return _read(text, one) if re.fullmatch(EXPRESSION, text) else None


_RAISED: Final = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def units(text: str) -> str:
    """Replace units with words and keep the numbers before them.

    Args:
        text: text with powers written ``^{2}`` and micro written as the Greek letter.
    """

    def quantity(found: re.Match[str]) -> str:
        number, power, joint, expression = found.groups()
        if not joint and expression in _NEEDS_SPACE:
            return found.group()
        if joint == "-" and not power:
            return f"{number}-{_read(expression, one=True)}"
        singular = number == "1" or _ADJECTIVE.search(text, 0, found.start())
        one = not power and bool(singular or _OF_ANGLES.match(text, found.end()))
        return f"{number}{power or ''} {_read(expression, one)}"

    def bare(found: re.Match[str]) -> str:
        return _read(found[0], one=False) if _is_bare_unit(found[0]) else found[0]

    return _BARE.sub(bare, _QUANTITY.sub(quantity, text))


def bare_unit(text: str, start: int, end: int) -> str | None:
    """Return the unit at the start of a span of text that has no number before it, or None."""
    found = _BARE.match(text, start, end)
    return found[0] if found and _is_bare_unit(found[0]) else None


def _is_bare_unit(expression: str) -> bool:
    letters = _POWERS.sub("", expression)
    parts = re.split(r"\W+", letters)
    compound = len(parts) > 1 and any(len(part) > 1 for part in parts)
    return compound or letters in _BARE_EXPRESSIONS or letters in _BARE_SYMBOLS
