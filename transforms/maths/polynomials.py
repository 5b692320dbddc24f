"""Polynomials of one unknown: conversion from formulas, arithmetic, and exact roots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from math import isqrt, sqrt
from typing import Final

from transforms.maths import tree
from transforms.maths.shape import is_mixed_fraction, walk
from transforms.maths.tree import Letter, Node, Row, Sign

MOST_DEGREE: Final = 4
LARGEST: Final = 10**15
_TIMES: Final = frozenset("×·∗")


class NotPolynomialError(ValueError):
    """The formula is not a polynomial of one unknown with rational coefficients."""


@dataclass(frozen=True)
class Polynomial:
    """A polynomial; its coefficients begin with the constant and end with one that is not zero."""

    coefficients: tuple[Fraction, ...] = ()

    @classmethod
    def of(cls, coefficients: Sequence[Fraction]) -> Polynomial:
        """Create a polynomial from coefficients; drop the zeros of the highest powers."""
        kept = list(coefficients)
        while kept and kept[-1] == 0:
            kept.pop()
        if len(kept) > MOST_DEGREE + 1 or any(
            max(abs(each.numerator), each.denominator) > LARGEST for each in kept
        ):
            raise NotPolynomialError("a power or a number is too large")
        return cls(tuple(kept))

    @classmethod
    def monomial(cls, coefficient: Fraction, degree: int) -> Polynomial:
        """Create a polynomial with one term: a coefficient times a power of the unknown."""
        return cls.of([Fraction(0)] * degree + [coefficient])

    @property
    def degree(self) -> int:
        """Return the highest power of the unknown; 0 for a number."""
        return max(0, len(self.coefficients) - 1)

    @property
    def constant(self) -> Fraction:
        """Return the constant term."""
        return self.coefficients[0] if self.coefficients else Fraction(0)

    def monomials(self) -> Iterator[tuple[int, Fraction]]:
        """Yield degree and coefficient of each nonzero term, the highest degree first."""
        for degree in range(len(self.coefficients) - 1, -1, -1):
            if self.coefficients[degree]:
                yield degree, self.coefficients[degree]

    def __add__(self, other: Polynomial) -> Polynomial:
        pairs = zip_longest(self.coefficients, other.coefficients, fillvalue=Fraction(0))
        return Polynomial.of([one + two for one, two in pairs])

    def __neg__(self) -> Polynomial:
        return Polynomial(tuple(-each for each in self.coefficients))

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + -other

    def __mul__(self, other: Polynomial) -> Polynomial:
        product = [Fraction(0)] * (len(self.coefficients) + len(other.coefficients))
        for i, one in enumerate(self.coefficients):
            for j, two in enumerate(other.coefficients):
                product[i + j] += one * two
        return Polynomial.of(product)

    def divided(self, number: Fraction) -> Polynomial:
        """Return the polynomial divided by a number.

        Raises:
            NotPolynomialError: the number is zero.
        """
        if not number:
            raise NotPolynomialError("nothing can be divided by zero")
        return Polynomial.of([each / number for each in self.coefficients])


@dataclass(frozen=True)
class Solution:
    """An exact real solution: a rational number plus or minus the root of another."""

    middle: Fraction
    sign: int = 0
    under: Fraction = Fraction(0)

    def __float__(self) -> float:
        return float(self.middle) + self.sign * sqrt(self.under)


def solve(zero: Polynomial) -> frozenset[Solution] | None:
    """Return all real numbers at which a polynomial of degree two or less is zero.

    Returns:
        None if it is zero everywhere.

    Raises:
        NotPolynomialError: the degree is above two.
    """
    if zero.degree > 2:
        raise NotPolynomialError("the unknown has a power above two")
    if not zero.coefficients:
        return None
    if zero.degree == 0:
        return frozenset()
    if zero.degree == 1:
        constant, factor = zero.coefficients
        return frozenset({Solution(-constant / factor)})
    c, b, a = zero.coefficients
    middle, under = -b / (2 * a), (b * b - 4 * a * c) / (4 * a * a)
    if under < 0:
        return frozenset()
    root = exact_root(under)
    if root is None:
        return frozenset({Solution(middle, 1, under), Solution(middle, -1, under)})
    return frozenset({Solution(middle + root), Solution(middle - root)})


def exact_root(number: Fraction) -> Fraction | None:
    """Return the square root of a number if it is rational."""
    if number < 0:
        return None
    above, below = isqrt(number.numerator), isqrt(number.denominator)
    exact = above * above == number.numerator and below * below == number.denominator
    return Fraction(above, below) if exact else None


def unknowns(node: Node) -> set[str]:
    """Return the letters in a formula, which are its unknowns."""
    return {each.char for each in walk(node) if isinstance(each, Letter)}


def split_equation(node: Node) -> tuple[Node, ...]:
    """Split an equation into its sides; a formula without an equals sign is one side."""
    if isinstance(node, Row) and Sign("=") in node.parts:
        at = node.parts.index(Sign("="))
        return _joined(node.parts[:at]), _joined(node.parts[at + 1 :])
    return (node,)


def split_terms(node: Node) -> Iterator[tuple[int, Node]]:
    """Split one side of an equation into terms; yield sign and node of each."""
    parts = node.parts if isinstance(node, Row) else (node,)
    if not any(part in (Sign("+"), Sign("−")) for part in parts):
        yield 1, node
        return
    sign = 1
    operand: list[Node] = []
    for part in parts:
        if part not in (Sign("+"), Sign("−")):
            operand.append(part)
            continue
        if operand:
            yield from _signed(sign, operand)
            sign, operand = 1, []
        sign = -sign if part == Sign("−") else sign
    if not operand:
        raise NotPolynomialError("a sign has no number after it")
    yield from _signed(sign, operand)


def _signed(sign: int, operand: Sequence[Node]) -> Iterator[tuple[int, Node]]:
    """Yield the signed terms of an operand, which may begin with a sign of its own."""
    for inner, node in split_terms(_joined(operand)):
        yield sign * inner, node


def _joined(parts: Sequence[Node]) -> Node:
    if not parts or Sign("=") in parts:
        raise NotPolynomialError("an equation has two sides")
    return parts[0] if len(parts) == 1 else Row(tuple(parts))


def polynomial(node: Node) -> Polynomial:
    """Convert a formula without an equals sign to a polynomial of its only letter.

    Raises:
        NotPolynomialError: it has another form, several letters or inexact roots.
    """
    if len(unknowns(node)) > 1:
        raise NotPolynomialError("there is more than one unknown")
    return _polynomial(node)


def _polynomial(node: Node) -> Polynomial:
    match node:
        case tree.Number(text):
            try:
                return Polynomial.of([Fraction(text.replace(",", ""))])
            except ValueError:
                raise NotPolynomialError("a number is not decimal") from None
        case Letter():
            return Polynomial.monomial(Fraction(1), 1)
        case tree.Fence("(" | "[", body, ")" | "]"):
            return _polynomial(body)
        case tree.Product(factors) if len(factors) == 2 and is_mixed_fraction(*factors):
            return _polynomial(factors[0]) + _polynomial(factors[1])
        case tree.Product(factors):
            return _product([_polynomial(factor) for factor in factors])
        case tree.Fraction(above, below):
            return _quotient(_polynomial(above), _polynomial(below))
        case tree.Script(base, None, tree.Number(power), 0) if power in ("1", "2", "3", "4"):
            return _product([_polynomial(base)] * int(power))
        case tree.Suffix(operand, "%"):
            return _polynomial(operand).divided(Fraction(100))
        case tree.Root(radicand, None):
            inner = _polynomial(radicand)
            root = exact_root(inner.constant) if not inner.degree else None
            if root is None:
                raise NotPolynomialError("a root is not exact")
            return Polynomial.of([root])
        case Row(parts) if Sign("+") in parts or Sign("−") in parts:
            total = Polynomial()
            for sign, term in split_terms(node):
                one = _polynomial(term)
                total += one if sign > 0 else -one
            return total
        case Row(parts):
            return _chain(parts)
    raise NotPolynomialError("a part is neither a number, the unknown, + − × ÷ nor a power")


def _chain(parts: Sequence[Node]) -> Polynomial:
    """Evaluate a chain of multiplications and divisions, from left to right."""
    result = _polynomial(parts[0]) if parts else Polynomial()
    if len(parts) % 2 == 0:
        raise NotPolynomialError("a sign has no number after it")
    for sign, operand in zip(parts[1::2], parts[2::2], strict=True):
        if isinstance(sign, Sign) and sign.char in _TIMES:
            result *= _polynomial(operand)
        elif isinstance(sign, Sign) and sign.char in "÷/:":
            result = _quotient(result, _polynomial(operand))
        else:
            raise NotPolynomialError("a sign is none of + − × ÷")
    return result


def _product(factors: Sequence[Polynomial]) -> Polynomial:
    result = Polynomial.of([Fraction(1)])
    for factor in factors:
        result *= factor
    return result


def _quotient(above: Polynomial, below: Polynomial) -> Polynomial:
    if below.degree:
        raise NotPolynomialError("the unknown stands in a denominator")
    return above.divided(below.constant)
