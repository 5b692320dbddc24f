"""Spoken form of brackets, sets and intervals, and of sums, integrals and limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from transforms.maths.shape import is_compound, walk
from transforms.maths.speech_rules import is_modulus
from transforms.maths.symbols import FUNCTIONS, SYMBOLS
from transforms.maths.tree import (
    Apply,
    Big,
    Fence,
    Fraction,
    Letter,
    Node,
    Number,
    Product,
    Row,
    Script,
    Sign,
    Species,
)

Say = Callable[[Node], str]

_ENCLOSED: Final = {
    "|": "absolute value", "‖": "norm", "⌊": "floor", "⌈": "ceiling",
}  # fmt: skip
_BRACKETS: Final = {
    "(": "open paren", ")": "close paren", "[": "open bracket", "]": "close bracket",
    "{": "open brace", "}": "close brace", "⟨": "open angle bracket", "⟩": "close angle bracket",
}  # fmt: skip


def fence(node: Fence, say: Say, *, vectors: bool, intervals: bool) -> str:
    """Return an expression in brackets or bars as English words.

    Args:
        say: speaks a node.
        vectors: pairs of numbers are vectors.
        intervals: pairs in square brackets are intervals, not lists.
    """
    body = node.body
    said = say(body)
    if node.left in _ENCLOSED:
        name = _ENCLOSED[node.left]
        return f"the {name} of {said}" + (f", end {name}," if is_compound(body) else "")
    if node.left == "{":
        return _set(body, say)
    if node.left == "[" and node.right == "]" and isinstance(body, Species):
        return f"the concentration of {said}"
    pair = _pair(body)
    brackets = node.left + node.right
    mixed = brackets in ("[)", "(]") or Letter("∞") in walk(body)
    if pair and (mixed or (intervals and brackets == "[]")):
        return _interval(node, *pair, say)
    if (
        pair
        and brackets == "()"
        and all(isinstance(n, Number | Letter | Row | Fraction) for n in pair)
    ):
        kind = "vector" if vectors else "point with coordinates"
        return f"the {kind} {say(pair[0])} comma {say(pair[1])}"
    if is_modulus(node):
        return said
    if node.left == "(" and not isinstance(body, Row | Product | Apply | Fraction):
        return said
    if node.left == "(" and isinstance(body, Row) and _is_negative(body):
        return said
    return f"{_BRACKETS[node.left]} {said} {_BRACKETS[node.right]}"


def _set(body: Node, say: Say) -> str:
    if isinstance(body, Row):
        at = next(
            (i for i, p in enumerate(body.parts) if p in (Sign("∣"), Sign("|"), Sign(":"))), 0
        )
        if at:
            member, condition = (
                Row(body.parts[:at]) if at > 1 else body.parts[0],
                Row(body.parts[at + 1 :]),
            )
            return f"the set of all {say(member)} such that {say(condition)}"
        if not body.parts:
            return "the empty set"
    return f"the set {named_commas(say(body))}"


def _interval(node: Fence, low: Node, high: Node, say: Say) -> str:
    first, last = say(low), say(high)
    ends = [end for end, closed in ((first, node.left == "["), (last, node.right == "]")) if closed]
    open_ends = [end for end in (first, last) if end not in ends]
    words = f"the interval from {first} to {last}, "
    if not ends:
        return f"{words}not including {first} or {last},"
    words += f"including {' and '.join(ends)}"
    return f"{words} but not including {open_ends[0]}," if open_ends else f"{words},"


def big(node: Big, say: Say) -> str:
    """Return a sum, product, integral or limit with its bounds in words."""
    name = FUNCTIONS["lim"] if node.char == "lim" else SYMBOLS[node.char].words
    if node.char == "lim":
        return f"{name} as {_approach(node.lower, say)} of" if node.lower else f"{name} of"
    if node.lower is None:
        return f"{name} of" if node.upper is None else f"{name} up to {say(node.upper)} of"
    lower = say(node.lower)
    if node.upper is None:
        return f"{name} over {lower.replace(' is in ', ' in ')} of"
    return f"{name} from {lower} to {say(node.upper)} of"


def _approach(lower: Node, say: Say) -> str:
    if not isinstance(lower, Row):
        return say(lower)
    words = []
    for part in lower.parts:
        if part == Sign("→"):
            words.append("approaches")
        elif isinstance(part, Script) and part.sup in (Sign("+"), Sign("−")):
            side = "right" if part.sup == Sign("+") else "left"
            words.append(f"{say(part.base)} from the {side}")
        else:
            words.append("negative infinity" if _is_minus_infinity(part) else say(part))
    return " ".join(words)


def _pair(body: Node) -> tuple[Node, Node] | None:
    if isinstance(body, Row) and len(body.parts) == 3 and body.parts[1] == Sign(","):
        return body.parts[0], body.parts[2]
    return None


def _is_negative(body: Row) -> bool:
    return len(body.parts) == 2 and body.parts[0] == Sign("−")


def _is_minus_infinity(node: Node) -> bool:
    return node == Row((Sign("−"), Letter("∞")))


def named_commas(words: str) -> str:
    """Replace the commas between members of a list with the word "comma"."""
    return (
        words.replace(" , ", " comma ")
        .replace(" comma which", ", which")
        .replace("up to comma", "up to")
    )
