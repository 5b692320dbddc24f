"""Polynomials: formulas of one unknown, and exact solutions."""

from __future__ import annotations

import pytest

from transforms.maths.parser import parse
from transforms.maths.polynomials import NotPolynomialError, polynomial, solve, split_equation


def solutions(text: str) -> list[float] | None:
    """Return the solutions of an equation, from the least to the greatest."""
    left, right = split_equation(parse(text))
    found = solve(polynomial(left) - polynomial(right))
    return None if found is None else sorted(map(float, found))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2x + 5 = 17", [6]),
        ("2(x + 3) = 10", [2]),
        ("5x − 3 = 2x + 9", [4]),
        ("x/3 = 4/12", [1]),
        ("⅔x = 8", [12]),
        ("1.5x = 3", [2]),
        ("30% x = 6", [20]),
        ("x = 2½", [2.5]),
        ("x = √16 − 1", [3]),
        ("−x = 3 × 2 ÷ 6", [-1]),
        ("1,500 = 3x", [500]),
        ("x² − 5x + 6 = 0", [2, 3]),
        ("(x − 2)² = 0", [2]),
        ("x² = 2", [-(2**0.5), 2**0.5]),
        ("x² + 1 = 0", []),
        ("x + 1 = x", []),
        ("2(x + 1) = 2x + 2", None),
    ],
)
def test_equation_has_its_solutions(text: str, expected: list[float] | None) -> None:
    assert solutions(text) == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    "text",
    ["x + y = 2", "1/x = 2", "x^9 = 1", "√x = 2", "√2 = x", "x/0 = 1", "x³ = 8", "x = a = 2"],
)
def test_other_formulas_are_refused(text: str) -> None:
    with pytest.raises(NotPolynomialError):
        solutions(text)


def test_numbers_do_not_grow_without_bound() -> None:
    with pytest.raises(NotPolynomialError):
        polynomial(parse("(999999999 x)^4"))
