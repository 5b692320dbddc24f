"""Rules of reading a formula aloud: spoken "times", signs, upright words and brackets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from transforms.maths import number_words
from transforms.maths.shape import derivative, numbers_of, strip_parentheses, walk
from transforms.maths.symbols import SYMBOLS
from transforms.maths.tree import (
    Accent,
    Apply,
    Big,
    Fence,
    Fraction,
    Function,
    Letter,
    Node,
    Number,
    Product,
    Root,
    Row,
    Script,
    Sign,
    Species,
    Text,
    Unit,
)

SIGNS: Final = {
    symbol.char: symbol.words
    for symbol in SYMBOLS.values()
    if symbol.kind not in ("SEP", "LETTER", "DOTS")
} | {"√": "the square root of", "∛": "the cube root of", "∜": "the fourth root of",
     "∞": "infinity", "∅": "the empty set", "↑": "up", "↓": "down", "♯": "sharp", "♭": "flat",
     "*": "times"}  # fmt: skip
"""Spoken words of each sign outside a formula."""

_NOT_MULTIPLIED: Final = (Sign, Big, Text, Function)


def upright_words(text: str) -> str:
    """Return words in upright letters as spoken; spell symbols of one or two letters."""
    if text in ("pH", "pK"):
        return " ".join(text)
    if re.fullmatch(r"(?i:(?:([a-z])\1){1,3})", text) and text not in ("oo", "ee"):
        return number_words.spell(text)  # a genotype: "AaBb"
    if re.fullmatch(r"[A-Z]{1,2}[a-z]?|[a-zA-Z]", text) and text not in ("I",):
        return number_words.spell(text)
    return re.sub(r"\d+", lambda m: f" {number_words.number(m[0])} ", text).replace(
        "%", " percent "
    )


def is_quotient(node: Fraction, above: int, below: int) -> bool:
    """Return True if a fraction is read as a division: 12/4 is not "twelve quarters"."""
    return node.inline and below > 0 and above > 1 and above % below == 0


def is_operator(node: Node) -> bool:
    """Return True if a node is a sign between operands."""
    return isinstance(node, Sign) and node.char != "…"


def is_multiplied(before: Node, factor: Node) -> bool:
    """Return True if "times" is spoken between two factors."""
    if isinstance(before, _NOT_MULTIPLIED):
        return False
    if isinstance(before, Fraction) and derivative(
        strip_parentheses(before.above), strip_parentheses(before.below)
    ):
        return False
    if isinstance(before, Fence) or (isinstance(before, Script) and isinstance(before.base, Fence)):
        return not isinstance(factor, Unit)
    base = factor.base if isinstance(factor, Script) else factor
    if isinstance(factor, Script) and factor.primes and isinstance(base, Number):
        return False
    if isinstance(base, Fence):
        return not is_modulus(base)
    if isinstance(base, Root):
        return True
    if isinstance(before, Fraction) and not numbers_of(before):
        return True
    if isinstance(base, Number | Fraction):
        return isinstance(before, Number | Letter | Script | Fraction)
    return False


def colon(before: Node | None, after: Sequence[Node]) -> str:
    """Return the word for a colon: a ratio, a map between sets, or a pause."""
    signs = set(walk(before)) if before is not None else set()
    if Sign("∀") in signs:
        return ","
    if Sign("∃") in signs or Sign("∄") in signs:
        return "such that"
    return "from" if any(n == Sign("→") for part in after for n in walk(part)) else "to"


def is_modulus(node: Fence) -> bool:
    """Return True if brackets hold the modulus of a congruence: ``(mod 5)``."""
    return isinstance(node.body, Apply) and node.body.function == Function("mod")


def is_vector(node: Node | None) -> bool:
    """Return True if a node is written as a vector."""
    return node == Sign("∇") or (isinstance(node, Accent) and node.kind == "vec")


def is_ion(node: Node) -> bool:
    """Return True if a node is an ion or another substance."""
    return isinstance(node, Species) or (
        isinstance(node, Script) and isinstance(node.base, Text) and isinstance(node.sup, Sign)
    )


def after_quantifier(node: Node | None) -> bool:
    """Return True if a node is a quantifier with its variable: ``∀x``."""
    return isinstance(node, Product) and node.factors[0] in (Sign("∀"), Sign("∃"), Sign("∄"))


def is_bound(node: Node | None) -> bool:
    """Return True if a node is a number or infinity: the bound that a variable approaches."""
    inside = node.parts[-1] if isinstance(node, Row) and len(node.parts) == 2 else node
    return isinstance(inside, Number) or inside == Letter("∞")
