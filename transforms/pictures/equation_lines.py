"""Lines of an equation: their terms, the operation that leads to the next, and like terms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Literal

from transforms.maths.parser import parse
from transforms.maths.plain import plain
from transforms.maths.polynomials import (
    NotPolynomialError,
    Polynomial,
    exact_root,
    polynomial,
    split_equation,
    split_terms,
)
from transforms.maths.tokens import FormulaError
from transforms.maths.tree import Node, Row, Sign
from transforms.pictures.quantities import show_number

Key = tuple[str, int, int]
"""A term's place in the line that it comes from: line, side, number."""

_NUMBER: Final = re.compile(r"\d[\d,]*(?:\.\d+)?")
_KINDS: Final = dict(zip("+-−÷/:×*√", "+−−÷÷÷××√", strict=True))
_RAISED: Final = {1: "", 2: "²", 3: "³", 4: "⁴"}


@dataclass(frozen=True)
class Term:
    """A summand as it is written.

    Attributes:
        text: without its sign; with it for an operation that is no summand, such as ``÷ 2``.
        sign: 1 or −1.
        value: with its sign.
        key: its place.
        of: places of the terms of the form before that it was made of.
        mark: it is an operation, not a summand.
    """

    text: str
    sign: int
    value: Polynomial
    key: Key
    of: frozenset[Key] = frozenset()
    mark: bool = False


Side = tuple[Term, ...]
Sides = tuple[Side, ...]


@dataclass(frozen=True)
class Operation:
    """What is done to both sides: a summand, a factor or a divisor, or the root."""

    kind: Literal["+", "−", "×", "÷", "√"]
    text: str
    operand: Polynomial

    @property
    def label(self) -> str:
        """Return the operation as it is written beside a line."""
        return f"{self.kind} {self.text}".strip()


def read_sides(text: str) -> tuple[Node, ...]:
    """Return the sides of a line.

    Raises:
        ValueError: the line is no formula of one unknown with whole powers.
    """
    try:
        sides = split_equation(parse(text))
        for side in sides:
            for each in _alternatives(side):
                polynomial(each)
    except (FormulaError, NotPolynomialError):
        raise ValueError("must be of numbers, one letter, + − × ÷ = and powers") from None
    return sides


def read_operation(text: str) -> Operation:
    """Return the operation that is done to both sides.

    Raises:
        ValueError: it is none.
    """
    kind = _KINDS.get(text.strip()[:1], "")
    rest = text.strip()[1:].strip()
    try:
        if kind == "√" and not rest:
            return Operation("√", "", Polynomial())
        node = parse(rest)
        if kind in ("", "√") or isinstance(node, Row):
            raise NotPolynomialError("it is no operation")
        operand = polynomial(node)
        if kind in ("×", "÷") and (operand.degree or not operand.coefficients):
            raise NotPolynomialError("it is no number but zero")
    except (FormulaError, NotPolynomialError):
        raise ValueError("must be + or − a term, × or ÷ a number except 0, or √") from None
    return Operation(kind, plain(node), operand)  # type: ignore[arg-type]


def zero(sides: Sequence[Node]) -> Polynomial:
    """Return the polynomial that is zero where the sides of an equation are equal."""
    left, right = sides
    product = Polynomial.of([Fraction(1)])
    for one in _alternatives(left):
        for other in _alternatives(right):
            product *= polynomial(one) - polynomial(other)
    return product


def terms_of(line: str, sides: Sequence[Node]) -> Sides:
    """Return the terms of a line that is given as text."""
    found = []
    for number, side in enumerate(sides):
        terms: list[Term] = []
        for sign, node in _summands(side):
            value = polynomial(_alternatives(node)[0])
            key = (line, number, len(terms))
            terms.append(Term(plain(node), sign, value if sign > 0 else -value, key))
        found.append(tuple(terms))
    return tuple(found)


def written(line: str, before: Sides, done: Operation) -> Sides:
    """Return both sides of a line with an operation, before like terms are merged."""
    sides = []
    for number, side in enumerate(before):
        key = (line, number, len(side))
        if done.kind in ("+", "−"):
            sign = 1 if done.kind == "+" else -1
            value = done.operand if sign > 0 else -done.operand
            # A zero stands for itself only until something is added to it.
            kept = tuple(term for term in side if term.value.coefficients) if sign > 0 else side
            sides.append((*kept, Term(done.text, sign, value, key)))
        elif done.kind == "√":
            first, *rest = side
            sides.append((replace(first, text=f"√{first.text}"), *rest))
        else:
            marked = list(side)
            if len(side) > 1:
                marked[0] = replace(marked[0], text=f"({_signed(marked[0], first=True)}", sign=1)
                marked[-1] = replace(marked[-1], text=f"{marked[-1].text})")
            mark = Term(done.label, 1, Polynomial(), key, mark=True)
            sides.append((*marked, mark))
    return tuple(sides)


def moved(line: str, before: Sides, done: Operation) -> Sides:
    """Return a line in which the term that an operation removes has gone to the other side.

    Raises:
        ValueError: no side has just that term.
    """
    sign = 1 if done.kind == "+" else -1
    value = done.operand if sign > 0 else -done.operand
    for number, side in enumerate(before):
        for term in side:
            if done.kind in ("+", "−") and not (term.value + value).coefficients:
                rest = tuple(each for each in side if each is not term)
                gone = Term(done.text, sign, value, (line, 1 - number, 99), frozenset({term.key}))
                other = (*before[1 - number], gone)
                left = rest or (_nothing((line, number, 98)),)
                return (left, other) if number == 0 else (other, left)
    raise ValueError("move needs a term that the line takes away from one side")


def merged(sides: Sides, done: Operation | None, unknown: str) -> Sides:
    """Return a line whose like terms are added, and whose operation is carried out."""
    merged_sides = []
    for number, side in enumerate(sides):
        marks = frozenset(term.key for term in side if term.mark)
        gone = cancelling(side)
        kinds: dict[int, list[tuple[Term, Fraction]]] = {}
        for term in side:
            for degree, factor in term.value.monomials():
                kinds.setdefault(degree, []).append((term, factor))
        terms = []
        for degree, parts in kinds.items():
            factor = sum((each for _, each in parts), Fraction(0))
            if done and done.kind in ("×", "÷"):
                by = done.operand.constant
                factor = factor * by if done.kind == "×" else factor / by
            if factor:
                of = marks | {term.key for term, _ in parts} - gone
                key = (parts[0][0].key[0], number, 100 + degree)
                text = write_monomial(abs(factor), degree, unknown)
                value = Polynomial.monomial(factor, degree)
                terms.append(Term(text, 1 if factor > 0 else -1, value, key, of))
        merged_sides.append(tuple(terms) or (_nothing(side[0].key),))
    return tuple(merged_sides)


def rooted(sides: Sides, unknown: str, *, positive: bool) -> Sides:
    """Return the roots of a line such as ``x² = 16``.

    Raises:
        ValueError: one side is not the square of the unknown, or the root is not exact.
    """
    left, right = sides
    root = exact_root(right[0].value.constant) if len(right) == 1 else None
    square = Polynomial.monomial(Fraction(1), 2)
    if len(left) != 1 or left[0].value != square or right[0].value.degree or not root:
        raise ValueError("√ needs the square of the unknown on the left, and one exact square")
    one = Polynomial.monomial(Fraction(1), 1)
    text = write_monomial(root, 0, unknown)
    plus = replace(
        right[0],
        text=text if positive else f"±{text}",
        value=Polynomial.of([root]),
        of=frozenset({right[0].key}),
    )
    return (replace(left[0], text=unknown, value=one, of=frozenset({left[0].key})),), (plus,)


def cancelling(side: Side) -> frozenset[Key]:
    """Return the terms of a side that add up to zero in pairs."""
    gone: set[Key] = set()
    for at, one in enumerate(side):
        for other in side[at + 1 :]:
            if not {one.key, other.key} & gone and not (one.value + other.value).coefficients:
                gone |= {one.key, other.key}
    return frozenset(gone)


def write_side(side: Side, language: str) -> str:
    """Return a side as it is written."""
    parts = [_signed(side[0], first=True)]
    for term in side[1:]:
        parts.append(term.text if term.mark else f"{'+' if term.sign > 0 else '−'} {term.text}")
    return localized(" ".join(parts), language)


def write_monomial(factor: Fraction, degree: int, unknown: str) -> str:
    """Return a coefficient and a power of the unknown, without a sign."""
    letter = f"{unknown}{_RAISED[degree]}" if degree else ""
    if factor == 1 and letter:
        return letter
    denominator = factor.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator == 1 and factor * 10_000 == int(factor * 10_000):
        digits = f"{float(factor):.4f}".rstrip("0").rstrip(".")
        return f"{digits}{letter}"
    above = "" if factor.numerator == 1 and letter else str(factor.numerator)
    return f"{above}{letter}/{factor.denominator}"


def localized(text: str, language: str) -> str:
    """Return a formula whose numbers are written as in a language."""
    return _NUMBER.sub(lambda found: show_number(float(found[0].replace(",", "")), language), text)


def _signed(term: Term, *, first: bool) -> str:
    return f"−{term.text}" if term.sign < 0 and first else term.text


def _nothing(key: Key) -> Term:
    return Term("0", 1, Polynomial(), key)


def _summands(side: Node) -> Iterator[tuple[int, Node]]:
    yield from [(1, side)] if len(_alternatives(side)) > 1 else split_terms(side)


def _alternatives(side: Node) -> Sequence[Node]:
    """Return both values of a side that begins with ±."""
    if isinstance(side, Row) and side.parts[:1] == (Sign("±"),) and len(side.parts) == 2:
        return side.parts[1], Row((Sign("−"), side.parts[1]))
    return (side,)
