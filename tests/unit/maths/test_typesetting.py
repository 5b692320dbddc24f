"""Every formula that is accepted can be typeset on slides."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

from tests.every_row import for_all
from transforms.maths.mathtext import mathtext
from transforms.maths.parser import parse
from transforms.maths.symbols import FUNCTIONS, SYMBOLS, Symbol
from transforms.maths.tokens import FormulaError
from transforms.video.pictures.formula_size import is_drawable

_PARSER = MathTextParser("path")
_PIECES = [
    *"ab12 +-=/().^_{}'|<>!:,[]%",
    *(r"\frac{", r"}{", r"\sqrt{", r"\mathrm{", r"^{", r"_{", r"\pi", r"\cdot ", r"\sum", r"\sin"),
    *(r"\,", r"\quad ", r"^\circ", r"\int", r"\rightarrow ", r"\Delta ", r"\div", r"\ce{Fe2O3}"),
    *(r"\left(", r"\right)", r"\text{if }", r"\vec{", r"\bar x", r"\binom{n}{k}", r"\mathbb{R}"),
    *(r"\lim_{x \to 0}", r"\log_2 ", r"\unit{m/s^2}", r"\{", r"\}", r"\neg ", r"\forall ", "½"),
]


@for_all([each for each in SYMBOLS.values() if each.kind != "SEP"])
def test_every_symbol_can_be_drawn(symbol: Symbol) -> None:
    binary = symbol.kind in ("ADD", "MUL", "REL", "LOGIC")
    text = f"a {symbol.char} b" if binary else f"{symbol.char} x"
    assert is_drawable(mathtext(parse(text)))


@for_all(list(FUNCTIONS))
def test_every_function_can_be_drawn(name: str) -> None:
    assert is_drawable(mathtext(parse(f"{name}(x)")))


def typeset(text: str) -> None:
    try:
        node = parse(text)
    except FormulaError:
        return
    _PARSER.parse(f"${mathtext(node)}$")


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=12).map("".join))
def test_accepted_formula_can_be_typeset(text: str) -> None:
    typeset(text)


@settings(max_examples=50, deadline=None)
@given(st.recursive(
    st.sampled_from(["a", "b2", r"\pi", "12", "x y", "(a)", "f'", r"\sum", "5!", "-3", "|x|"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: rf"\frac{{{p[0]}}}{{{p[1]}}}"),
        inner.map(lambda p: rf"\sqrt{{{p}}}"),
        st.tuples(inner, inner).map(lambda p: f"{{{p[0]}}}^{{{p[1]}}}"),
        st.tuples(inner, inner).map(lambda p: f"{{{p[0]}}}_{{{p[1]}}}"),
        st.tuples(inner, inner).map(lambda p: f"{p[0]} + {p[1]}"),
    ),
    max_leaves=6,
))  # fmt: skip
def test_accepted_nested_formula_can_be_typeset(text: str) -> None:
    typeset(text)
