"""Any formula is drawn within bounds or shown as text, and spoken in words."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import strategies as st

from pipeline.report.formulas import formula
from tests.fuzz.fuzz import fuzz
from tests.fuzz.texts import texts
from transforms.maths.parser import parse
from transforms.maths.plain import plain
from transforms.maths.speech import speech
from transforms.maths.tokens import FormulaError
from transforms.video.pictures.formula import formula_mask
from transforms.video.pictures.formula_size import HEIGHT, WIDTH

TOKENS = (
    *("a", "x", "F", "12", " ", "=", "+", "-", "(", ")", "[", "]", "|", ",", ".", "'", "/", "!"),
    *("{", "}", "{}", "{ }", "^", "_", "^2", "_{i}", "^{-1}", "&", "~", "#", "%", "\\", "\\\\"),
    *(
        r"\frac{a}{b}",
        r"\frac{1}{",
        r"\dfrac",
        r"\sqrt{x}",
        r"\sqrt[3]{x}",
        r"\sqrt",
        r"\mathrm{ }",
    ),
    *(r"\mathrm{CO_2}", r"\mathbf{x}", r"\text{if }", r"\operatorname{ }", r"\overline{ab}"),
    *(r"\hspace{9}", r"\hspace{1e6}", r"\hspace{-99}", r"\quad", r"\,", r"\left(", r"\right)"),
    *(r"\left\{", r"\right.", r"\sum_{i=1}^{n}", r"\int", r"\times", r"\rightarrow", r"\alpha"),
    *(r"\substack{a\\b}", r"\underset{a}{b}", r"\genfrac{(}{)}{9pt}{0}{a}{b}", r"\binom{n}{k}"),
    *(r"\hat{a}", r"\vec F", r"\overset{x}{y}", r"\phantom{x}", r"\color{red}", r"\begin{x}", "é"),
)

formulas = st.lists(st.sampled_from(TOKENS), max_size=14).map("".join) | texts


@fuzz(formulas, count=120)
def test_formula_is_bounded_on_slides_and_well_formed_in_reports(text):
    shown = formula(text, "en")
    if shown.startswith("<math"):
        ElementTree.fromstring(shown)
    mask = formula_mask(text, 30)
    if mask is not None:
        assert mask.width <= 2 * WIDTH * 30
        assert mask.height <= 2 * HEIGHT * 30


@fuzz(formulas, count=120)
def test_formula_is_spoken_without_signs(text):
    try:
        node = parse(text)
    except FormulaError:
        return
    assert not any(character.isdigit() for character in speech(node))
    assert plain(node) or not text.strip()
