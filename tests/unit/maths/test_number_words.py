"""Tests of numbers in English words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.every_row import for_all
from transforms.maths import number_words as words


@for_all(
    [
        (0, "zero"),
        (7, "seven"),
        (13, "thirteen"),
        (40, "forty"),
        (21, "twenty-one"),
        (100, "one hundred"),
        (101, "one hundred one"),
        (999, "nine hundred ninety-nine"),
        (1_000, "one thousand"),
        (12_345, "twelve thousand three hundred forty-five"),
        (1_000_000, "one million"),
        (1_000_001, "one million one"),
        (3 * 10**9, "three billion"),
        (-205, "minus two hundred five"),
    ],
)
def test_cardinal_numbers(n: int, spoken: str) -> None:
    assert words.cardinal(n) == spoken


@for_all(
    [
        (1, "first"),
        (2, "second"),
        (3, "third"),
        (5, "fifth"),
        (8, "eighth"),
        (9, "ninth"),
        (12, "twelfth"),
        (20, "twentieth"),
        (22, "twenty-second"),
        (100, "one hundredth"),
        (113, "one hundred thirteenth"),
        (1_000, "one thousandth"),
    ],
)
def test_ordinal_numbers(n: int, spoken: str) -> None:
    assert words.ordinal(n) == spoken


@for_all(
    [
        (476, "four hundred seventy-six"),
        (1000, "one thousand"),
        (1066, "ten sixty-six"),
        (1500, "fifteen hundred"),
        (1776, "seventeen seventy-six"),
        (1905, "nineteen oh five"),
        (2000, "two thousand"),
        (2005, "two thousand five"),
        (2010, "twenty ten"),
        (2026, "twenty twenty-six"),
    ],
)
def test_years(n: int, spoken: str) -> None:
    assert words.year(n) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("3.14", "three point one four"),
        ("0.001", "zero point zero zero one"),
        ("1,234.50", "one thousand two hundred thirty-four point five zero"),
        ("007", "zero zero seven"),
        ("9" * 22, " ".join(["nine"] * 22)),
    ],
)
def test_written_numbers(written: str, spoken: str) -> None:
    assert words.number(written) == spoken


@pytest.mark.parametrize(
    ("parts", "spoken"),
    [
        ((1, 2), "one half"),
        ((3, 2), "three halves"),
        ((3, 4), "three quarters"),
        ((2, 3), "two thirds"),
        ((1, 10), "one tenth"),
        ((7, 100), "seven one hundredths"),
        ((1, 1000), "one over one thousand"),
        ((1, 0), "one over zero"),
        ((5, 1), "five over one"),
    ],
)
def test_fractions(parts: tuple[int, int], spoken: str) -> None:
    assert words.fraction(*parts) == spoken


@pytest.mark.parametrize(
    ("singular", "spoken"),
    [("nineteen ninety", "nineteen nineties"), ("six", "sixes"), ("two thousand", "two thousands")],
)
def test_plurals(singular: str, spoken: str) -> None:
    assert words.plural(singular) == spoken


_VALUES = {word: n for n in range(100) for word in [words.cardinal(n)]}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def _value(spoken: str) -> int:
    """Return the number that cardinal words stand for."""
    total = group = 0
    for word in spoken.split():
        if word == "hundred":
            group *= 100
        elif word in _SCALES:
            total, group = total + group * _SCALES[word], 0
        else:
            group += _VALUES[word]
    return total + group


@given(st.integers(0, 10**15 - 1))
def test_cardinal_words_stand_for_the_number(n: int) -> None:
    assert _value(words.cardinal(n)) == n


@given(st.integers(0, 10**30))
def test_any_number_becomes_letters(n: int) -> None:
    for spoken in (words.cardinal(n), words.ordinal(n), words.number(str(n))):
        assert spoken
        assert spoken.replace(" ", "").replace("-", "").isalpha()
