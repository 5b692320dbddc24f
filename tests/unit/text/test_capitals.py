"""Tests of the capital letter at the start of cells and labels."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline
import transforms
from tests.every_row import for_all
from transforms.text.capitals import capitalize_first


@for_all(
    [
        ("heavy things sink", "Heavy things sink"),
        ("a lamp uses up current", "A lamp uses up current"),
        ("i think", "I think"),
        ("it's warm", "It's warm"),
        ("inertia: no push needed", "Inertia: no push needed"),
        ("“gravity” pulls", "“Gravity” pulls"),
        ("(in brief) it melts", "(In brief) it melts"),
        ("élan vital", "Élan vital"),
        ("  spaced", "  Spaced"),
        ("earth-science", "Earth-science"),
        ("AP physics", "AP physics"),
    ],
)
def test_ordinary_word_gets_capital(text: str, expected: str) -> None:
    assert capitalize_first(text) == expected


@for_all(
    [
        *("x² = 9 means x = 3", "x = x + 1 is impossible", "y-intercept", "f(x) rises", "a² + b²"),
        *("a = 2", "a plus b", "a is 5", "x", "a", "n, the number of turns", "e.g. a lever"),
        *("pH falls", "mRNA carries it", "tRNA", "iPhone sales", "eBay", "kW", "kWh of energy"),
        *("kg per liter", "m/s", "km/h", "cm³", "mph", "dB scale", "sin x", "log 2", "√x"),
        *("max_value is kept", "camelCase", "i++", "print(x)", "for_each", "__init__", "x1", "v₀"),
        *("1/8 is more", "−3 and 3", "π is 3.14", "$x$", "`code`", "https://a.b", "user@a.b"),
        *("ßtraße", "光合作用", "الجاذبية", "", " ", "😀 smile", "Already", "DNA"),
    ],
)
def test_symbols_and_identifiers_are_kept(text: str) -> None:
    assert capitalize_first(text) == text


@given(st.text(max_size=40))
def test_only_one_letter_changes(text: str) -> None:
    result = capitalize_first(text)
    assert len(result) == len(text)
    assert sum(a != b for a, b in zip(text, result, strict=True)) <= 1
    assert capitalize_first(result) == result


@pytest.mark.parametrize("package", [pipeline, transforms])
def test_one_function_capitalizes_everywhere(package) -> None:
    """No other code capitalizes: `str.capitalize` lowers "AP", a slice raises "x²"."""
    other = re.compile(r"\.capitalize\(\)|\[:1\]\.upper\(\)|\[0\]\.upper\(\)")
    [root] = package.__path__
    found = [
        f"{file}:{number}"
        for file in Path(root).rglob("*.py")
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if other.search(line)
    ]
    assert found == [], "use transforms.text.capitals.capitalize_first"
