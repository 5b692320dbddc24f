"""Tests of `formulas`: valid mathtext becomes SVG, other text becomes None."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from pipeline.report.formulas import formula


@pytest.mark.parametrize("text", ["F = m a", r"\frac{a}{b}", r"\mathrm{CO_2}", "<b onclick='x'>"])
def test_formula_is_one_path_labelled_with_its_source(text):
    drawn = formula(text)
    assert drawn
    root = ElementTree.fromstring(drawn)
    assert root.attrib["aria-label"] == text
    [path] = root
    assert path.attrib["d"].startswith("M")
    assert float(root.attrib["width"]) > 5


@pytest.mark.parametrize("text", ["", r"\nosuch{", "$x$", "a" * 121, "a\x00b", " ", "%", "{" * 100])
def test_invalid_formula_is_none(text):
    assert formula(text) is None


ODD = [r"\mathrm{ }", r"\operatorname{ }", r"\hspace{1000000}", r"a\hspace{1000000}b"]
ODD += [r"a\hspace{-1000000}b", r"\hspace{-900}a\hspace{900}", r"x^{" * 30 + "}" * 30]


@pytest.mark.parametrize("text", ODD)
def test_formula_of_any_size_or_none_is_refused(text):
    assert formula(text) is None
