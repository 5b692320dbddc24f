"""Nodes of the parse tree of a formula."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Number:
    """A number as written in digits, such as ``1,234.5`` or ``0x1F``."""

    text: str


@dataclass(frozen=True)
class Letter:
    """A variable or a constant of one letter, such as ``x``, ``π`` or ``ℝ``."""

    char: str


@dataclass(frozen=True)
class Sign:
    """An operator, a relation or a separator."""

    char: str


@dataclass(frozen=True)
class Text:
    """Words in upright letters, such as ``speed``."""

    text: str


@dataclass(frozen=True)
class Unit:
    """A unit of measurement after its number, such as ``m/s²``."""

    text: str


@dataclass(frozen=True)
class Function:
    """The name of a function, such as ``sin``."""

    name: str


@dataclass(frozen=True)
class Row:
    """A sequence of operands and the operators between them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Product:
    """Factors without a sign between them, such as ``2ab``."""

    factors: tuple[Node, ...]


@dataclass(frozen=True)
class Fraction:
    """A fraction; `inline` if it is written with a slash."""

    above: Node
    below: Node
    inline: bool = False


@dataclass(frozen=True)
class Root:
    """A root; the square root if there is no index."""

    radicand: Node
    index: Node | None = None


@dataclass(frozen=True)
class Script:
    """A base with a subscript, a superscript and primes."""

    base: Node
    sub: Node | None = None
    sup: Node | None = None
    primes: int = 0


@dataclass(frozen=True)
class Suffix:
    """An operand and its postfix sign: ``!``, ``%`` or ``°``."""

    operand: Node
    char: str


@dataclass(frozen=True)
class Fence:
    """An expression in brackets or bars; left and right may differ, as in ``[0, 1)``."""

    left: str
    body: Node
    right: str


@dataclass(frozen=True)
class Apply:
    """A function and its argument, such as ``f(x)`` or ``sin 2x``."""

    function: Node
    argument: Node


@dataclass(frozen=True)
class Big:
    """A sum, product, integral or limit over what follows it."""

    char: str
    lower: Node | None = None
    upper: Node | None = None


@dataclass(frozen=True)
class Accent:
    """A node under a bar, hat, dot or arrow."""

    kind: str
    body: Node


@dataclass(frozen=True)
class Binomial:
    """A binomial coefficient."""

    above: Node
    below: Node


@dataclass(frozen=True)
class Species:
    """A chemical substance, ion or electron.

    Attributes:
        parts: elements and groups, each with the number of its atoms.
        count: coefficient before it.
        charge: such as ``2+``.
        state: ``aq``, ``s``, ``l`` or ``g``.
        mass: mass number before the first element.
        atomic: atomic number before the first element.
        mark: ``↑`` or ``↓`` of a gas or a precipitate.
    """

    parts: tuple[Atoms | Group, ...]
    count: str = ""
    charge: str = ""
    state: str = ""
    mass: str = ""
    atomic: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Atoms:
    """Atoms of one element."""

    symbol: str
    number: str = ""


@dataclass(frozen=True)
class Group:
    """Atoms in brackets."""

    left: str
    parts: tuple[Atoms | Group, ...]
    right: str
    number: str = ""


@dataclass(frozen=True)
class Arrow:
    """The arrow of a reaction, with the conditions above and below it."""

    char: str
    above: str = ""
    below: str = ""


Node = (
    Number | Letter | Sign | Text | Unit | Function | Row | Product | Fraction | Root | Script
    | Suffix | Fence | Apply | Big | Accent | Binomial | Species | Arrow
)  # fmt: skip
