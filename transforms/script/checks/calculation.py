"""Evaluate calculations with numbers and units, written with signs: ``50 N − 10 N``."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from transforms.script.checks.quantities import (
    CURRENCIES,
    LETTER,
    VULGAR,
    NotUnderstood,
    Quantity,
    parse_number,
    unit,
)

_NUMBER = r"\d+(?:[.,\u00a0\u202f]\d+)*"
_NAME = rf"{LETTER}+[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*"
_UNIT = rf"(?:%|{_NAME}(?:\s?[/·]\s?{_NAME})*)"
_TOKEN = re.compile(
    rf"\s*(?:(?P<currency>[{CURRENCIES}])?(?P<number>{_NUMBER}|[{''.join(VULGAR)}])"
    rf"(?P<power>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)?(?:\s?(?P<unit>{_UNIT}))?"
    r"|(?P<sign>[+\-−–×·*÷/^()]))"
)
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_LARGEST_POWER = 12


def evaluate(text: str, language: str) -> Quantity:
    """Return the value of a calculation.

    Args:
        text: numbers with units, the signs of the four operations, powers and brackets.
        language: BCP-47 tag; it decides what commas mean.

    Raises:
        NotUnderstood: the text is anything else.
    """
    reader = _Reader(text, language)
    value = reader.sum()
    if reader.at < len(reader.tokens):
        raise NotUnderstood(text)
    return value


class _Reader:
    """A recursive-descent parser; it evaluates as it reads."""

    def __init__(self, text: str, language: str) -> None:
        self.tokens: list[str | Quantity] = []
        self.at = 0
        position, text = 0, text.strip()
        while position < len(text):
            token = _TOKEN.match(text, position)
            if not token:
                raise NotUnderstood(text)
            self.tokens.append(token["sign"] or _quantity(token, language))
            position = token.end()
        if not self.tokens:
            raise NotUnderstood(text)

    def sum(self) -> Quantity:
        total = self._product()
        while sign := self._next("+-−–"):
            other = self._product()
            if other.dimension != total.dimension:
                raise NotUnderstood("units differ")
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


def _quantity(token: re.Match[str], language: str) -> Quantity:
    text = token["number"]
    if text in VULGAR:
        above, below = VULGAR[text].split("/")
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
    factor, dimension = unit(name)
    return Quantity(value * factor, dimension, step * factor, is_bare=not name)


def _joined(one: Quantity, other: Quantity, sign: int) -> tuple[tuple[str, int], ...]:
    exponents = dict(one.dimension)
    for part, count in other.dimension:
        exponents[part] = exponents.get(part, 0) + sign * count
    return tuple(sorted((part, count) for part, count in exponents.items() if count))
