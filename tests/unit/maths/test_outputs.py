"""Every formula of the notation has five outputs, which agree."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

from tests.every_row import for_all
from transforms.maths.markup import replace_marked
from transforms.maths.mathml import mathml
from transforms.maths.mathtext import mathtext
from transforms.maths.parser import MAX_LENGTH, parse
from transforms.maths.plain import plain
from transforms.maths.speech import speech
from transforms.maths.tokens import MAX_DEPTH, FormulaError

PLAIN = {
    r"F = m a": "F = ma",
    r"E = mc^2": "E = mc²",
    r"x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}": "x = (−b ± √(b² − 4ac))/(2a)",
    r"\frac{1}{2} m v^2": "½mv²",
    r"\frac{7}{9}": "7/9",
    r"2 \frac{1}{2}": "2½",
    r"(a + b)^2": "(a + b)²",
    r"2(x + 3) = 10": "2(x + 3) = 10",
    r"\left( \frac{a}{b} \right)^{n}": "(a/b)ⁿ",
    r"|-5| = 5": "|−5| = 5",
    r"P(A \mid B)": "P(A ∣ B)",
    r"\int_0^1 x^2 \, dx": "∫₀¹ x² dx",
    r"\sum_{i=1}^{n} i": "∑ᵢ₌₁ⁿ i",
    r"\lim_{x \to 0} f(x)": "lim_(x → 0) f(x)",
    r"f''(x)": "f′′(x)",
    r"\lnot p \land q": "¬p ∧ q",
    r"\tan^{-1} x": "tan⁻¹ x",
    r"\log_{10} 100": "log₁₀ 100",
    r"90^\circ": "90°",
    r"45^\circ 30'": "45° 30′",
    r"100\,\%": "100%",
    r"\vec{F} = m \vec{a}": "F⃗ = ma⃗",
    r"\bar{x}": "x̄",
    r"\sqrt[3]{27}": "∛27",
    r"\sqrt[n]{x}": "ⁿ√x",
    r"\binom{n}{k}": "(n choose k)",
    r"x \in \mathbb{R}": "x ∈ ℝ",
    r"\{1, 2, 3\}": "{1, 2, 3}",
    r"[0, 1)": "[0, 1)",
    r"v = 5\,\unit{m/s^2}": "v = 5 m/s²",
    r"F_{\text{net}} = 0": "F_net = 0",
    r"x^{a + b}": "x^(a + b)",
    r"5.5 \times 10^{-7}": "5.5 × 10⁻⁷",
    r"\ce{2 H2 + O2 -> 2 H2O}": "2 H₂ + O₂ → 2 H₂O",
    r"\ce{SO4^2-}": "SO₄²⁻",
    r"\ce{^{14}_{6}C}": "¹⁴₆C",
    r"\ce{CaCO3 ->[heat] CaO + CO2 ^}": "CaCO₃ → (heat) CaO + CO₂↑",
    r"\ce{CuSO4 * 5 H2O}": "CuSO₄ · 5 H₂O",
    r"2\,\mathrm{H}_2 + \mathrm{O}_2 \rightarrow 2\,\mathrm{H}_2\mathrm{O}": "2 H₂ + O₂ → 2 H₂O",
    r"6 CO_2 + 6 H_2O \rightarrow C_6H_{12}O_6 + 6 O_2": "6 CO₂ + 6 H₂O → C₆H₁₂O₆ + 6 O₂",
    r"\mathrm{pH} = -\log_{10}\,[\mathrm{H}^+]": "pH = −log₁₀[H⁺]",
    r"\frac{dy}{dx} = 2x": "dy/dx = 2x",
    "𝑥² + 𝑦²": "x² + y²",
}
_MATHTEXT = MathTextParser("path")


@for_all(PLAIN.items())
def test_formula_becomes_plain_unicode(formula: str, shown: str) -> None:
    assert plain(parse(formula)) == shown


@for_all(list(PLAIN))
def test_mathtext_can_be_typeset(formula: str) -> None:
    _MATHTEXT.parse(f"${mathtext(parse(formula))}$")


@for_all(list(PLAIN))
def test_mathml_is_well_formed(formula: str) -> None:
    root = ElementTree.fromstring(mathml(parse(formula), display=True))
    assert root.tag == "math"
    assert "".join(root.itertext()).strip()


_MARKED = (r"\ce", r"\mathrm", r"\unit", r"\text", r"\rightarrow")


@for_all([each for each in PLAIN if not any(mark in each for mark in _MARKED)])
def test_plain_text_is_read_as_the_formula(formula: str) -> None:
    shown = plain(parse(formula))
    if not set(shown) & set("{}") and "choose" not in shown:
        assert speech(parse(shown)) == speech(parse(formula))


@for_all(
    ["", "x^", "_x", "x^2^3", "x_1_2", r"\frac{1}", r"\unknown{x}", r"\input{file}", "{x", "(a",
     "5 +", r"\mathrm{ }", r"\ce{Xy2}", "x & y", "x" * (MAX_LENGTH + 1), "(" * 99 + "x" + ")" * 99]
)  # fmt: skip
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        parse(text)


_PIECES = st.sampled_from(
    [*"ab2+-=()[]{}|^_/!',:<>", r"\frac", r"\sqrt", r"\sum", r"\int", r"\pi", r"\ce{H2}", "²", "₂",
     "√", "∑", r"\left(", r"\right)", r"\text{if}", r"\mathrm{CO_2}", "½", "→", " ", "°", "5 m"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=20).map("".join)))
@example("{" * MAX_DEPTH + "x" + "}" * MAX_DEPTH)
@example("a^{" * 20 + "b" + "}" * 20)
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    try:
        node = parse(text)
    except FormulaError:
        return
    assert not any(character.isdigit() for character in speech(node))
    assert "\\" not in plain(node).replace("\\{", "")
    ElementTree.fromstring(mathml(node))
    assert mathtext(node).count("{") == mathtext(node).count("}")


@for_all(
    [
        ("costs $5 or $10", "costs $5 or $10"),
        ("$x^2$ and $y$", "x² and y"),
        (r"\(a + b\) of \[c\]", "a + b of c"),
        (r"\ce{H2O} is water", "H₂O is water"),
        (r"$\nosuch{x}$ stays", "nosuch x stays"),
        (r"$\begin{pmatrix} a & \pi \\ 3 & d \end{pmatrix}$", "a π; 3 d"),
        ("no formula", "no formula"),
        ("US$5 and $6.50 make $11.50", "US$5 and $6.50 make $11.50"),
    ]
)
def test_marked_formulas_are_replaced(text: str, shown: str) -> None:
    assert replace_marked(text, plain) == shown
