"""Formulas are typeset where they can be, and do no harm where they cannot."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from pipeline.report.formulas import formula


@pytest.mark.parametrize("text", ["F = m a", r"\frac{a}{b}", r"\mathrm{CO_2}", "<b onclick='x'>"])
def test_a_formula_is_one_path_that_says_its_source(text):
    drawn = formula(text)
    assert drawn
    root = ElementTree.fromstring(drawn)
    assert root.attrib["aria-label"] == text
    [path] = root
    assert path.attrib["d"].startswith("M")
    assert float(root.attrib["width"]) > 5


@pytest.mark.parametrize("text", ["", r"\nosuch{", "$x$", "a" * 121, "a\x00b", " ", "%", "{" * 100])
def test_what_is_none_stays_as_it_was_typed(text):
    assert formula(text) is None
