"""Tests of `formulas`: formulas become MathML, other text is escaped."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from pipeline.report.formulas import formula, prose
from tests.unit.maths.formulas import ODD


@pytest.mark.parametrize(
    ("text", "alt"),
    [
        ("F = m a", "F equals m A"),
        (r"\frac{a}{b}", "A over b"),
        (r"\mathrm{CO_2}", "C O two"),
    ],
)
def test_formula_is_mathml_with_its_words(text: str, alt: str) -> None:
    root = ElementTree.fromstring(formula(text, "en-US"))
    assert root.tag == "math"
    assert root.attrib == {"display": "block", "alttext": alt}


def test_formula_of_other_language_has_plain_alt_text() -> None:
    root = ElementTree.fromstring(formula(r"x^2 \leq 4", "de-DE"))
    assert root.attrib["alttext"] == "x² ≤ 4"


@pytest.mark.parametrize("text", ["", r"\nosuch{", "$x$", "a" * 401, "a\x00b", "{" * 100, *ODD])
def test_other_text_is_shown_as_written(text: str) -> None:
    assert formula(text, "en").startswith("<code>")


def test_hostile_text_is_escaped() -> None:
    hostile = r"<b onclick='x'> $\text{<script>}$ $x < y$ \u202e $\nosuch<i>$" + "\u202e"
    html = prose(hostile, "en")
    assert "<script" not in html
    assert "<b" not in html
    assert "<i>" not in html
    assert "\u202e" not in html
    ElementTree.fromstring(f"<p>{html}</p>")


def test_marked_formulas_of_a_text_are_inline() -> None:
    html = prose(r"If $x^2 = 4$ then \ce{H2O} costs $5.", "en")
    assert html.count("<math ") == 2
    assert "display" not in html
    assert html.endswith("costs $5.")
