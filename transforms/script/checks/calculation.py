"""Evaluator of calculations with numbers, units and operators: ``50 N − 10 N``."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from transforms.script.checks.quantities import (
    CURRENCIES,
    NAME,
    VULGAR,
    Dimension,
    NotUnderstood,
    Quantity,
    is_known,
    parse_number,
    unit,
)

POWER = r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+"
_RAISED = r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*"
_NO_UNIT = (
    r"(?!(?:in|to|of|and|or|out|with|without|for|from|at|as|on|by|is|are|was|each|per|then|so|but"
    r"|more|less|remainder|rest|R|r|über|von|und|mit|de|y|con|et|en)\b)"
)
"""Words after a number that are no unit."""

_SCALES = {None: 1, "thousand": 10**3, "million": 10**6, "billion": 10**9}
SCALE = re.compile(r"\s?(?:thousand|million|billion)\b")
"""A word after a number that multiplies it."""

OPERAND = (
    rf"(?P<currency>[{CURRENCIES}])?(?P<number>\d+/\d+(?![\d.,/])|\d+(?:[.,\u00a0\u202f]\d+)*|[{''.join(VULGAR)}])"
    rf"(?P<power>{POWER})?(?:\s?(?P<scale>thousand|million|billion)\b)?"
    rf"(?:\s?(?P<unit>{_NO_UNIT}{NAME}{_RAISED}(?:\s?[/·]\s?{NAME}{_RAISED})*))?"
)
"""A number with its unit, in a regular expression with named groups."""

_TOKEN = re.compile(rf"\s*(?:{OPERAND}|(?P<sign>[+\-−–×·*÷/^()]))")
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_LARGEST_POWER = 12


def evaluate(text: str, language: str, with_units: bool = True) -> Quantity:
    """Evaluate a calculation; return its value with its unit.

    Args:
        text: numbers with units, the signs of the four operations, powers and brackets.
        language: BCP-47 tag; it decides what commas mean.
        with_units: False to calculate with the numbers alone.

    Raises:
        NotUnderstood: the text is anything else.
    """
    parser = _Parser(text, language, with_units)
    value = parser.sum()
    if parser.at < len(parser.tokens):
        raise NotUnderstood(text)
    return value


class UnitsDiffer(NotUnderstood):
    """The calculation adds or subtracts quantities of different dimensions."""


class _Parser:
    """Recursive-descent parser that evaluates a calculation as it reads."""

    def __init__(self, text: str, language: str, with_units: bool) -> None:
        self.tokens: list[str | Quantity] = []
        self.at = 0
        position, text = 0, text.strip()
        while position < len(text):
            token = _TOKEN.match(text, position)
            if not token:
                raise NotUnderstood(text)
            self.tokens.append(token["sign"] or _quantity(token, language, with_units))
            position = token.end()
        if not self.tokens:
            raise NotUnderstood(text)

    def sum(self) -> Quantity:
        total = self._product()
        while sign := self._next("+-−–"):
            other = self._product()
            if other.dimension != total.dimension:
                known = is_known(other.dimension) and is_known(total.dimension)
                both = total.dimension and other.dimension
                raise (UnitsDiffer if known and both else NotUnderstood)("units differ")
            value = other.value if sign == "+" else -other.value
            total = Quantity(
                total.value + value, total.dimension, is_bare=total.is_bare or other.is_bare
            )
        return total

    def _product(self) -> Quantity:
        total = self._power()
        while sign := self._next("×·*÷/"):
            other = self._power()
            divides = sign in "÷/"
            if divides and other.value == 0:
                raise NotUnderstood("division by zero")
            value = total.value / other.value if divides else total.value * other.value
            total = Quantity(
                value,
                _joined(total, other, -1 if divides else 1),
                is_bare=total.is_bare or other.is_bare,
            )
        return total

    def _power(self) -> Quantity:
        base = self._operand()
        if not self._next("^"):
            return base
        power = self._operand()
        if power.value.denominator != 1 or not 0 <= power.value <= _LARGEST_POWER or base.dimension:
            raise NotUnderstood("power")
        return Quantity(base.value ** int(power.value), is_bare=base.is_bare)

    def _operand(self) -> Quantity:
        if self._next("-−–"):
            value = self._power()
            return replace(value, value=-value.value)
        if self._next("("):
            inner = self.sum()
            if not self._next(")"):
                raise NotUnderstood("bracket")
            return inner
        if self.at >= len(self.tokens):
            raise NotUnderstood("end")
        token = self.tokens[self.at]
        if isinstance(token, str):
            raise NotUnderstood(token)
        self.at += 1
        return token

    def _next(self, signs: str) -> str:
        if self.at < len(self.tokens):
            token = self.tokens[self.at]
            if isinstance(token, str) and token in signs:
                self.at += 1
                return token
        return ""


def _quantity(token: re.Match[str], language: str, with_units: bool) -> Quantity:
    text = token["number"]
    fraction = VULGAR.get(text, text)
    if "/" in fraction:
        above, below = fraction.split("/")
        if not int(below):
            raise NotUnderstood(text)
        value, step = Fraction(int(above), int(below)), Fraction(0)
    else:
        value, step = parse_number(text, language)
    if token["power"]:
        power = int(token["power"].translate(_POWERS))
        if power > _LARGEST_POWER:
            raise NotUnderstood(text)
        value, step = value**power, Fraction(0)
    if token["currency"] and token["unit"]:
        raise NotUnderstood(text)
    name = token["currency"] or token["unit"] or ""
    factor, dimension = unit(name) if with_units or name in ("%", "percent") else (Fraction(1), ())
    factor *= _SCALES[token["scale"]]
    return Quantity(value * factor, dimension, step * factor, is_bare=not name)


def _joined(one: Quantity, other: Quantity, sign: int) -> Dimension:
    exponents = dict(one.dimension)
    for part, count in other.dimension:
        exponents[part] = exponents.get(part, 0) + sign * count
    return tuple(sorted((part, count) for part, count in exponents.items() if count))
