"""Predicates and queries on the parse tree of a formula."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from transforms.maths.symbols import SYMBOLS
from transforms.maths.tree import (
    Apply,
    Fence,
    Fraction,
    Letter,
    Node,
    Number,
    Product,
    Row,
    Script,
    Sign,
)


def walk(node: Any) -> Iterator[Any]:
    """Traverse a parse tree: yield a node and all nodes inside it."""
    if is_dataclass(node):
        yield node
        for field in fields(node):
            yield from walk(getattr(node, field.name))
    elif isinstance(node, tuple):
        for part in node:
            yield from walk(part)


def strip_parentheses(node: Node) -> Node:
    """Return the expression inside round brackets; other nodes unchanged."""
    return node.body if isinstance(node, Fence) and node.left == "(" else node


def is_compound(node: Node, *, relations: bool = True) -> bool:
    """Return True if a node is a sum or, with `relations`, a relation such as an equation."""
    if not isinstance(node, Row):
        return False
    for at, part in enumerate(node.parts):
        if isinstance(part, Row) and is_compound(part, relations=relations):
            return True
        symbol = SYMBOLS.get(part.char) if isinstance(part, Sign) else None
        if symbol and at and (symbol.kind == "ADD" or (relations and symbol.kind == "REL")):
            return symbol.char not in "∪∩"
    return False


def is_simple(node: Node) -> bool:
    """Return True if a node reads unambiguously as numerator or denominator beside "over"."""
    if isinstance(node, Product):
        return all(
            (is_simple(factor) or numbers_of(factor)) and not isinstance(factor, Fence)
            for factor in node.factors
        )
    if isinstance(node, Apply):
        return isinstance(node.argument, Fence)
    return not isinstance(node, Row | Fraction) or _is_signed(node)


def _is_signed(node: Node) -> bool:
    return (
        isinstance(node, Row)
        and len(node.parts) == 2
        and node.parts[0] == Sign("−")
        and is_simple(node.parts[1])
    )


def is_integer(node: Node) -> bool:
    """Return True if a node is a whole number of at most 15 digits."""
    return isinstance(node, Number) and node.text.isdecimal() and len(node.text) <= 15


def negative_integer(node: Node) -> int | None:
    """Return the absolute value of a negative whole number; None for other nodes."""
    if isinstance(node, Row) and len(node.parts) == 2 and node.parts[0] == Sign("−"):
        number = node.parts[1]
        if isinstance(number, Number) and is_integer(number):
            return int(number.text)
    return None


def numbers_of(node: Node) -> tuple[int, int] | None:
    """Return numerator and denominator of a fraction of whole numbers, or None."""
    if isinstance(node, Fraction) and is_integer(node.above) and is_integer(node.below):
        return int(node.above.text), int(node.below.text)  # type: ignore[union-attr]
    return None


def is_mixed_fraction(before: Node, node: Node) -> bool:
    """Return True if a whole number and the fraction after it are one mixed number."""
    numbers = numbers_of(node)
    return bool(numbers and numbers[0] < numbers[1] and is_integer(before))


def derivative(above: Node, below: Node) -> tuple[str, Node | None, Node] | None:
    """Return kind, function and variable if a fraction is a derivative, such as dy/dx."""
    if not isinstance(below, Product) or len(below.factors) != 2:
        return None
    head, variable = below.factors
    if head not in (Letter("d"), Sign("∂")) or not isinstance(variable, Letter | Script):
        return None
    kind = "derivative" if head == Letter("d") else "partial derivative"
    order = variable.sup if isinstance(variable, Script) else None
    if isinstance(variable, Script):
        if order not in (Number("2"), Number("3")) or variable.sub or variable.primes:
            return None
        kind = f"{'second' if order == Number('2') else 'third'} {kind}"
        head = Script(head, sup=order)
        variable = variable.base
    if above == head:
        return kind, None, variable
    if isinstance(above, Product) and above.factors[0] == head:
        rest = above.factors[1:]
        return kind, rest[0] if len(rest) == 1 else Product(rest), variable
    return None
