"""Parser of formulas: LaTeX or Unicode text becomes a parse tree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final, cast

from lark import Lark, Token, Transformer
from lark.exceptions import LarkError, VisitError

from transforms.maths.chemistry import parse_reaction
from transforms.maths.shape import is_mixed_fraction, strip_parentheses
from transforms.maths.tokens import FormulaError, FormulaLexer
from transforms.maths.tree import (
    Accent,
    Apply,
    Big,
    Binomial,
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
    Suffix,
    Text,
    Unit,
)

_ARROW = re.compile(r"\\(?:rightarrow|to|rightleftharpoons)(?![A-Za-z])|->|<=>|→|⇌")
_UPRIGHT = re.compile(r"\\mathrm\{((?:[^{}]|\{[^{}]*\})*)\}")

MAX_LENGTH: Final = 400
"""Characters of a formula."""

_FUNCTIONS: Final = frozenset("fghFGHφψO")
"""Letters that stand for functions before brackets."""

_ARGUMENTS: Final = frozenset("xyztsnpqθ")
"""Letters that are arguments in brackets after any letter: ``v(t)``."""


@lru_cache(maxsize=4096)
def parse(text: str) -> Node:
    r"""Parse a formula: a subset of LaTeX, Unicode symbols, and ``\ce{}`` for chemistry.

    Raises:
        FormulaError: the text is not a formula of the notation.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"a formula has at most {MAX_LENGTH} characters")
    try:
        if (reaction := _reaction(text)) is not None:
            return reaction
        return cast(Node, _grammar().parse(text))  # its transformer makes nodes
    except VisitError as error:
        raise FormulaError(str(error.orig_exc)) from error
    except LarkError as error:
        raise FormulaError(f"{text!r} is not a formula of the notation") from error


def _reaction(text: str) -> Node | None:
    r"""Parse a reaction written in plain or upright letters, without ``\ce{}``; else None."""
    if "\\mathrm" not in text and not _ARROW.search(text):
        return None
    bare = _UPRIGHT.sub(r"\1", text)
    if not re.search(r"\d", bare) or re.search(r"[=<>]", bare.replace("<=>", "")):
        return None
    try:
        return parse_reaction(bare)
    except FormulaError:
        return None


@cache
def _grammar() -> Lark:
    text = (files("transforms.maths") / "formula.lark").read_text(encoding="utf-8")
    return Lark(
        text, parser="lalr", lexer=FormulaLexer, transformer=_Builder(), maybe_placeholders=False
    )


class _Builder(Transformer[Token, Node]):
    """Transforms matched grammar rules into nodes of the parse tree."""

    def start(self, parts: list[Any]) -> Node:
        return parts[0]

    def row(self, parts: list[Any]) -> Node:
        nodes = tuple(map(_node, parts))
        return nodes[0] if len(nodes) == 1 else Row(nodes)

    def quotient(self, parts: list[Any]) -> Node:
        node: Node = parts[0]
        for below in parts[2::2]:
            if isinstance(node, Product) and isinstance(node.factors[0], Big):
                # A sum is over the fraction, not above it.
                big, *rest = node.factors
                node = Product((big, Fraction(_product(rest), below, inline=True)))
            elif _is_operator(node, below):
                # "d/dx f(x)" is the operator before its function.
                head, variable, *function = below.factors
                derived = Fraction(node, Product((head, variable)), inline=True)
                node = Product((derived, _product(function)))
            else:
                node = Fraction(node, below, inline=True)
        return node

    def product(self, factors: list[Node]) -> Node:
        return _product(factors)

    def factor(self, parts: list[Any]) -> Node:
        node: Node = _atom(parts[0]) if isinstance(parts[0], Token) else parts[0]
        for kind, value in parts[1:]:
            node = _scripted(node, kind, value)
        if isinstance(node, Script) and isinstance(node.base, Big):
            return Big(node.base.char, node.sub, node.sup)
        return node

    def sup(self, parts: list[Any]) -> tuple[str, Node]:
        return "sup", strip_parentheses(_node(parts[1]))

    def sub(self, parts: list[Any]) -> tuple[str, Node]:
        return "sub", _join_letters(strip_parentheses(_node(parts[1])))

    def prime(self, _: list[Any]) -> tuple[str, None]:
        return "prime", None

    def prime_mark(self, _: list[Any]) -> Node:
        return Sign("′")

    def suffix(self, parts: list[Any]) -> tuple[str, str]:
        return "suffix", str(parts[0])

    def group(self, parts: list[Any]) -> Node:
        return _node(parts[1])

    def fence(self, parts: list[Any]) -> Node:
        body: Node = parts[1] if len(parts) == 3 else Row(())
        return Fence(str(parts[0]), body, str(parts[-1]))

    def fraction(self, parts: list[Any]) -> Node:
        return Fraction(_node(parts[1]), _node(parts[2]))

    def binomial(self, parts: list[Any]) -> Node:
        return Binomial(_node(parts[1]), _node(parts[2]))

    def root(self, parts: list[Any]) -> Node:
        index = parse(str(parts[0])) if parts[0] else None
        return Root(strip_parentheses(_node(parts[1])), index)

    def accent(self, parts: list[Any]) -> Node:
        return Accent(str(parts[0]), _node(parts[1]))


def _is_operator(above: Node, below: Node) -> bool:
    base = above.base if isinstance(above, Script) else above
    return (
        base in (Letter("d"), Sign("∂"))
        and isinstance(below, Product)
        and len(below.factors) > 2
        and below.factors[0] == base
    )


def _join_letters(node: Node) -> Node:
    """Join three or more letters of a subscript into one word: ``F_{net}``."""
    if isinstance(node, Product) and len(node.factors) > 2:
        letters = [factor.char for factor in node.factors if isinstance(factor, Letter)]
        if len(letters) == len(node.factors) and "".join(letters).isascii():
            return Text("".join(letters))
    return node


def _node(part: Any) -> Node:
    return _atom(part) if isinstance(part, Token) else part


def _atom(token: Token) -> Node:
    value = str(token)
    match token.type:
        case "NUMBER":
            return Number(value)
        case "FRACTION":
            above, _, below = value.partition("/")
            return Fraction(Number(above), Number(below), inline=True)
        case "LETTER":
            return Letter(value)
        case "TEXT":
            return Text(value)
        case "UNIT":
            return Unit(value)
        case "FUNCTION":
            return Function(value)
        case "BIG":
            return Big(value)
        case "CHEMISTRY":
            return parse_reaction(value)
        case "UPRIGHT":
            return parse(value)
        case _:
            return Sign(value)


def _scripted(node: Node, kind: str, value: Any) -> Node:
    if kind == "suffix":
        return Suffix(node, value)
    base = node if isinstance(node, Script) else Script(node)
    if kind == "prime":
        return Script(base.base, base.sub, base.sup, base.primes + 1)
    if kind == "sup":
        if value == Sign("′"):
            return Script(base.base, base.sub, base.sup, base.primes + 1)
        if base.sup is not None:
            raise FormulaError("a base has two superscripts")
        return Script(base.base, base.sub, value, base.primes)
    if base.sub is not None:
        raise FormulaError("a base has two subscripts")
    return Script(base.base, value, base.sup, base.primes)


def _product(factors: Sequence[Node]) -> Node:
    """Build a product node; each function in it is applied to the factors that follow."""
    nodes: list[Node] = []
    rest = list(factors)
    if (
        len(rest) == 2
        and isinstance(rest[1], Suffix)
        and is_mixed_fraction(rest[0], rest[1].operand)
    ):
        return Suffix(Product((rest[0], rest[1].operand)), rest[1].char)
    while rest:
        node = rest.pop(0)
        if rest and _is_function(node):
            node = Apply(node, _take_argument(rest))
        elif rest and isinstance(rest[0], Fence) and _applies(node, rest[0]):
            node = Apply(node, rest.pop(0))
        elif rest and isinstance(rest[0], Script) and isinstance(rest[0].base, Fence):
            # "f(x)²" is the square of "f(x)".
            script = rest[0]
            fence = rest[0].base
            if _applies(node, fence):
                rest.pop(0)
                node = Script(Apply(node, fence), script.sub, script.sup, script.primes)
        nodes.append(node)
    return nodes[0] if len(nodes) == 1 else Product(tuple(nodes))


def _is_function(node: Node) -> bool:
    return isinstance(node, Function) or (
        isinstance(node, Script) and isinstance(node.base, Function)
    )


def _take_argument(rest: list[Node]) -> Node:
    """Remove a function's argument from the factors after the function, and return it."""
    if isinstance(rest[0], Fence):
        return rest.pop(0)
    if _is_function(rest[0]):
        inner = rest.pop(0)
        return Apply(inner, _take_argument(rest)) if rest else inner
    taken = [rest.pop(0)]
    while rest and not _is_function(rest[0]) and not isinstance(rest[0], Big):
        if isinstance(rest[0], Fence):
            if not _applies(taken[-1], rest[0]):
                break
            taken[-1] = Apply(taken[-1], rest.pop(0))
        else:
            taken.append(rest.pop(0))
    return taken[0] if len(taken) == 1 else Product(tuple(taken))


def _applies(node: Node, fence: Fence) -> bool:
    """Return True if brackets hold the argument of a function, as in ``f(x)``, not a factor."""
    if isinstance(node, Fence):
        return isinstance(node.body, Row) and Sign("∘") in node.body.parts
    if fence.left + fence.right == "[]":
        return node == Letter("E")  # an expected value
    if fence.left + fence.right != "()":
        return False
    base = node.base if isinstance(node, Script) else node
    if isinstance(node, Script) and node.primes:
        return isinstance(base, Letter)
    if isinstance(base, Text):
        return base.text.isalpha() and _is_argument(fence.body)
    if not isinstance(base, Letter) or (
        isinstance(node, Script) and node.sup not in (None, Row((Sign("−"), Number("1"))))
    ):
        return False
    if base.char in _FUNCTIONS:
        return True
    if base.char in "PEnp":
        return not _has_sum(fence.body)
    if _is_pair(fence.body):
        return True
    return _is_argument(fence.body)


def _is_argument(body: Node) -> bool:
    return isinstance(body, Letter) and body.char in _ARGUMENTS


def _is_pair(body: Node) -> bool:
    return isinstance(body, Row) and len(body.parts) == 3 and body.parts[1] == Sign(",")


def _has_sum(body: Node) -> bool:
    return isinstance(body, Row) and any(part in (Sign("+"), Sign("−")) for part in body.parts)
