"""Formulas that are let through are formulas that can be typeset."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

from tests.every_row import for_all
from transforms.script.engines.gemini.gemini_formula import is_supported_formula

PARSER = MathTextParser("path")


@for_all(
    [
        "F = m a",
        r"E_k = \frac{1}{2} m v^2",
        r"6 CO_2 + 6 H_2O \rightarrow C_6H_{12}O_6 + 6 O_2",
        r"x = \frac{-b \pm \sqrt{b^2 - 4 a c}}{2 a}",
        r"\Delta G = \Delta H - T \Delta S",
        r"e^{-\frac{t}{\tau}}",
        r"\frac{\frac{a}{b}}{c}",
        r"x_1^2",
        r"\mathrm{kg} \cdot \mathrm{m}",
        r"90^{\circ}",
    ],
)
def test_school_formulas_pass(formula: str):
    assert is_supported_formula(formula)
    PARSER.parse(f"${formula}$")


@for_all(
    [
        "",
        " ",
        "$x$",
        r"\frac{1}",
        r"\frac{1}{2",
        "x^2^3",
        "x_1_2",
        "_x",
        "x^",
        r"\mathrm{ }",
        r"a + \mathrm{  }",
        r"\frac{ }{a}",
        r"\sqrt{ }",
        r"x^{ }",
        r"\unknown{x}",
        r"\input{secret}",
        r"\fractions",
        "{x",
        "50%",
        "x & y",
        "x\x0crac{1}{2}",
        "ä",
        "x" * 121,
    ],
)
def test_other_formulas_are_refused(formula: str):
    assert not is_supported_formula(formula)


PIECES = [
    *"ab12 +-=/().^_{}'|<>!:,",
    *(r"\frac{", r"}{", r"\sqrt{", r"\mathrm{", r"^{", r"_{", r"\pi", r"\cdot ", r"\sum", r"\sin"),
    *(r"\,", r"\quad ", r"\circ", r"\int", r"\rightarrow ", r"\Delta ", r"\div"),
]


@settings(max_examples=150)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join))
def test_accepted_formula_can_be_typeset(formula: str):
    if is_supported_formula(formula):
        PARSER.parse(f"${formula}$")


@settings(max_examples=100)
@given(st.recursive(
    st.sampled_from(["a", "b2", r"\pi", "12", "x y", "(a)", "f'", r"\sum"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: rf"\frac{{{p[0]}}}{{{p[1]}}}"),
        inner.map(lambda p: rf"\sqrt{{{p}}}"),
        st.tuples(inner, inner).map(lambda p: f"{p[0]}^{{{p[1]}}}"),
        st.tuples(inner, inner).map(lambda p: f"{p[0]}_{{{p[1]}}}"),
        st.tuples(inner, inner).map(lambda p: f"{p[0]} + {p[1]}"),
    ),
    max_leaves=6,
))  # fmt: skip
def test_accepted_nested_formula_can_be_typeset(formula: str):
    if is_supported_formula(formula):
        PARSER.parse(f"${formula}$")


@settings(max_examples=200)
@given(st.text(max_size=150))
def test_any_text_gets_a_verdict(text: str):
    assert is_supported_formula(text) in (True, False)
