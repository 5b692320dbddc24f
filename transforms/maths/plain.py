"""Plain-text writer of formulas, for captions, transcripts and titles: ``x² + 1``, ``Fe₂O₃``."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

from transforms.maths.shape import derivative, is_mixed_fraction, numbers_of
from transforms.maths.symbols import SYMBOLS
from transforms.maths.tokens import SUBSCRIPTS, SUPERSCRIPTS, VULGAR
from transforms.maths.tree import (
    Accent,
    Apply,
    Arrow,
    Atoms,
    Big,
    Binomial,
    Fence,
    Fraction,
    Function,
    Group,
    Letter,
    Node,
    Number,
    Product,
    Root,
    Row,
    Script,
    Sign,
    Species,
    Suffix,
    Text,
    Unit,
)

# Fonts lack most raised letters.
_UP: Final = {plain: char for char, plain in SUPERSCRIPTS.items() if plain in "0123456789+−=()ni"}
_DOWN: Final = {plain: char for char, plain in SUBSCRIPTS.items()}
_VULGAR: Final = {plain: char for char, plain in VULGAR.items()}
_MARKS: Final = {
    "bar": "\u0304", "hat": "\u0302", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308",
    "tilde": "\u0303", "underline": "\u0332",
}  # fmt: skip
_TIGHT: Final = frozenset("→←")
_ROOTS: Final = {"3": "∛", "4": "∜"}


def plain(node: Node) -> str:
    """Return a formula as one line of Unicode text."""
    match node:
        case Number(text) | Text(text) | Unit(text):
            return _powers(text) if isinstance(node, Unit) else text
        case Letter(char) | Sign(char):
            return "*" if char == "∗" else char
        case Function(name):
            return name
        case Row(parts):
            return _row(parts)
        case Product(factors):
            return _product(factors)
        case Fraction():
            return _fraction(node)
        case Root(radicand, index):
            return _root(radicand, index)
        case Script():
            return _script(node)
        case Suffix(operand, char):
            return _enclosed(operand) + char
        case Fence(left, body, right):
            return f"{left}{plain(body)}{right}"
        case Apply(function, argument):
            space = "" if isinstance(argument, Fence) else " "
            return f"{plain(function)}{space}{plain(argument)}"
        case Big(char, lower, upper):
            return char + (_lowered(lower) if lower else "") + (_raised(upper) if upper else "")
        case Accent(kind, body):
            return "".join(char + _MARKS[kind] for char in plain(body))
        case Binomial(above, below):
            return f"({plain(above)} choose {plain(below)})"
        case Species():
            return species(node)
        case Arrow(char, above, below):
            conditions = ", ".join(filter(None, (above, below)))
            return f"{char} ({conditions})" if conditions else char


def species(node: Species) -> str:
    """Return a substance with superscript and subscript digits: ``SO₄²⁻(aq)``."""
    mass = "".join(_UP[digit] for digit in node.mass) + "".join(
        _DOWN[digit] for digit in node.atomic
    )
    state = f"({node.state})" if node.state else ""
    count = f"{_VULGAR.get(node.count, node.count)} " if node.count else ""
    charge = "".join(_UP.get(char, char) for char in node.charge)
    return f"{count}{mass}{_atoms(node.parts)}{charge}{state}{node.mark}"


def _atoms(parts: Sequence[Atoms | Group]) -> str:
    return "".join(
        (part.symbol if isinstance(part, Atoms) else part.left + _atoms(part.parts) + part.right)
        + "".join(_DOWN.get(char, char) for char in part.number)
        for part in parts
    )


def _row(parts: Sequence[Node]) -> str:
    text = ""
    for at, part in enumerate(parts):
        said = plain(part)
        if isinstance(part, Arrow):
            text += f" {said} "
        elif not isinstance(part, Sign) or said == "…":
            text += said
        elif said in ",;":
            text += f"{said} "
        elif at == 0 or (_is_operator(parts[at - 1]) and said in "+−"):
            text += f"{said} " if SYMBOLS[said].kind == "REL" else said
        elif (said == ":" and all(isinstance(part, Number) for part in parts[::2])) or said == "|":
            text += said
        else:
            text += f" {said} "
    return text.rstrip(" ")


def _is_operator(node: Node) -> bool:
    return isinstance(node, Sign) and node.char != "…"


def _product(factors: Sequence[Node]) -> str:
    text = plain(factors[0])
    integral = isinstance(factors[0], Big) and factors[0].char in "∫∬∭∮"
    for before, factor in itertools.pairwise(factors):
        said = plain(factor)
        tight = not _is_spaced(before, factor) and not (integral and factor == Letter("d"))
        if is_mixed_fraction(before, factor) and said in _VULGAR.values():
            tight = True
        text += said if tight else f" {said}"
    return text


def _is_spaced(before: Node, factor: Node) -> bool:
    if isinstance(before, Big):
        return before.lower is not None or before.upper is not None or before.char == "lim"
    if isinstance(factor, Text | Unit | Apply | Species) or isinstance(
        before, Text | Apply | Species
    ):
        return True
    base = factor.base if isinstance(factor, Script) else factor
    if isinstance(base, Text | Number | Function | Big):
        return True
    if isinstance(before, Fraction) and not _is_vulgar(before):
        return True
    if isinstance(factor, Fraction) or isinstance(before, Suffix):
        return True
    return isinstance(before, Script) and isinstance(before.base, Text)


def _is_vulgar(node: Fraction) -> bool:
    numbers = numbers_of(node)
    return bool(numbers and f"{numbers[0]}/{numbers[1]}" in _VULGAR)


def _fraction(node: Fraction) -> str:
    if numbers := numbers_of(node):
        written = f"{numbers[0]}/{numbers[1]}"
        return _VULGAR.get(written, written)
    above = plain(node.above) if isinstance(node.above, Product) else _enclosed(node.above)
    is_derivative = derivative(node.above, node.below) is not None
    return f"{above}/{plain(node.below) if is_derivative else _enclosed(node.below)}"


def _enclosed(node: Node) -> str:
    """Return a node as Unicode text, in brackets unless it is one factor."""
    said = plain(node)
    bare = isinstance(node, Apply) and not isinstance(node.argument, Fence)
    change = isinstance(node, Product) and node.factors[0] == Letter("Δ") and len(node.factors) == 2
    if bare or (isinstance(node, Row | Fraction | Product) and not change):
        return f"({said})"
    return said


def _root(radicand: Node, index: Node | None) -> str:
    sign = "√"
    if index is not None:
        number = plain(index)
        sign = _ROOTS.get(number) or f"{_raised(index)}√"
    said = plain(radicand)
    return sign + (said if isinstance(radicand, Number | Letter) else f"({said})")


def _script(node: Script) -> str:
    base = node.base
    text = plain(base)
    if isinstance(base, (Row | Product | Fraction, Apply)):
        text = f"({text})"
    text += "′" * node.primes
    if node.sub is not None:
        text += _lowered(node.sub)
    return text + (_raised(node.sup) if node.sup is not None else "")


def _raised(node: Node) -> str:
    return _shifted(node, _UP, "^")


def _lowered(node: Node) -> str:
    return _shifted(node, _DOWN, "_")


def _shifted(node: Node, table: dict[str, str], mark: str) -> str:
    said = plain(node)
    bare = said.replace(" ", "")
    if isinstance(node, Text) and len(said) > 1:
        return f"{mark}{said}" if said.isalnum() else f"{mark}({said})"
    if all(char in table for char in bare):
        return "".join(table[char] for char in bare)
    if isinstance(node, Sign):
        return said
    if len(bare) == 1 or isinstance(node, Number):
        return f"{mark}{said}"
    return f"{mark}({said})"


def _powers(text: str) -> str:
    """Replace the exponents of a unit with superscript digits: ``m/s²``."""
    head, *rest = text.replace("^{", "^").replace("}", "").split("^")
    for part in rest:
        digits = part[: 2 if part[:1] in "-−" else 1]
        head += "".join(_UP.get(char, char) for char in digits.replace("-", "−"))
        head += part[len(digits) :]
    return head
