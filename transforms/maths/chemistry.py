r"""Parser of chemical formulas, ions and reactions, written as in mhchem's ``\ce{}``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final, cast

from lark import Lark, Token, Transformer
from lark.exceptions import LarkError
from lark.lexer import Lexer

from transforms.maths.symbols import fold
from transforms.maths.tokens import SUBSCRIPTS, SUPERSCRIPTS, FormulaError
from transforms.maths.tree import Arrow, Atoms, Group, Node, Row, Sign, Species

_SYMBOLS: Final = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "  # noqa: SIM905
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy "
    "Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf "
    "Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og".split()
)
ATOMIC_NUMBERS: Final = {symbol: number for number, symbol in enumerate(_SYMBOLS, 1)}
"""Number of protons of each element by its symbol."""
ELEMENTS: Final = frozenset({*_SYMBOLS, "D", "T"})
"""Symbols of the elements, and of two isotopes of hydrogen."""

_ARROWS: Final = {
    "->": "→", "<=>": "⇌", "<->": "↔", "<-": "←", "→": "→", "⇌": "⇌", "⟶": "→", "↔": "↔",
    "\\rightarrow": "→", "\\to": "→", "\\rightleftharpoons": "⇌", "=>": "→", "⇄": "⇌",
    "<=>>": "⇌", "<<=>": "⇌", "\\longrightarrow": "→",
}  # fmt: skip
_ARROW: Final = "|".join(re.escape(arrow) for arrow in sorted(_ARROWS, key=len, reverse=True))
_UP, _DOWN = "".join(SUPERSCRIPTS), "".join(SUBSCRIPTS)
_CHARGE: Final = r"\d*[+−-]+|[+−-]+\d*"
_PATTERN: Final = re.compile(
    rf"""
    (?P<arrow>(?:{_ARROW})(?:\[(?P<above>[^\]]*)\])?(?:\[(?P<below>[^\]]*)\])?)
    | (?P<isotope>(?:\{{\}})?(?:\^(?:\{{(?P<mass>\d+)\}}|(?P<mass2>\d+))
        (?:_(?:\{{(?P<atomic>[+−-]?\d+)\}}|(?P<atomic2>\d+)))?(?=[A-Z])
        | (?P<mass3>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)(?P<atomic3>[₀₁₂₃₄₅₆₇₈₉]*)(?=[A-Z])))
    | (?P<charge>\^(?:\{{({_CHARGE})\}}|(?:{_CHARGE}))
        | (?<=[A-Za-z0-9₀-₉)\]}}])(?:[+]|[−-])(?=[\s)\],.;]|$|\() | [{_UP}]*[⁺⁻])
    | (?P<state>\s?\((?:aq|s|l|g)\))
    | (?P<mark>\s(?:\^|v|↑|↓)(?=\s|$)|[↑↓])
    | (?P<plus>\s*\+\s*)
    | (?P<dot>\s*(?:[·∙⋅*]|\\cdot|\.(?=\d|[A-Z]))\s*)
    | (?P<count>(?<![A-Za-z)\]₀-₉\d])(?:\d+/\d+|\d+(?:\.\d+)?|[½¼¾]|n(?=[A-Z(]))
        (?:\s|\\,)*(?=[A-Z(\[\{{^\\⁰¹²³⁴⁵⁶⁷⁸⁹e]))
    | (?P<index>_\{{\w+\}}|_\w|\d+|[{_DOWN}]+)
    | (?P<element>[A-Z][a-z]?|e(?=[\^⁻−-]))
    | (?P<open>[(\[]) | (?P<close>[)\]])
    | (?P<space>\s+|\\[,;:! ]|\{{\}})
    """,
    re.VERBOSE,
)


@lru_cache(maxsize=4096)
def parse_reaction(text: str) -> Node:
    """Parse the formula of a substance or a reaction.

    Raises:
        FormulaError: the text is no chemistry.
    """
    try:
        return cast(Node, _grammar().parse(text))  # its transformer makes nodes
    except LarkError as error:
        raise FormulaError(f"{text!r} is not a chemical formula") from error


@cache
def _grammar() -> Lark:
    text = (files("transforms.maths") / "chemistry.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer=_Lexer, transformer=_Builder(), maybe_placeholders=True)


class _Lexer(Lexer):
    def __init__(self, lexer_conf: Any) -> None:
        del lexer_conf  # the grammar declares its terminals only

    def lex(self, data: str, *_: Any) -> Iterator[Token]:  # type: ignore[override]
        text, at = fold(data).strip().translate(_SAME), 0
        while at < len(text):
            found = _PATTERN.match(text, at)
            if found is None:
                raise FormulaError(f"{text[at]!r} is not chemistry")
            yield from _token(found)
            at = found.end()


def _token(found: re.Match[str]) -> Iterator[Token]:
    kind = next(name for name in _KINDS if found[name] is not None)
    text = found[kind].strip().removesuffix("\\,").strip()
    if kind == "element" and text not in ELEMENTS and text != "e":
        # "CO" is carbon and oxygen, "Xy" is nothing.
        raise FormulaError(f"{text!r} is not an element")
    if kind == "arrow":
        yield Token("ARROW", text)
    elif kind == "isotope":
        mass = found["mass"] or found["mass2"] or _plain(found["mass3"])
        atomic = found["atomic"] or found["atomic2"] or _plain(found["atomic3"] or "")
        yield Token("ISOTOPE", f"{mass}/{atomic}")
    elif kind in ("charge", "index"):
        yield Token(kind.upper(), _plain(text.strip("^_{}")).replace("-", "−"))
    elif kind != "space":
        yield Token(kind.upper(), text)


_KINDS: Final = (
    "arrow", "isotope", "charge", "state", "mark", "plus", "dot", "count", "index", "element",
    "open", "close", "space",
)  # fmt: skip
_SAME: Final = {ord("−"): "-", ord("–"): "-", ord("∗"): "*", ord("∙"): "·"}
_PLAIN: Final = str.maketrans(SUPERSCRIPTS | SUBSCRIPTS)


def _plain(text: str) -> str:
    return text.translate(_PLAIN)


class _Builder(Transformer[Token, Node]):
    """Transforms matched grammar rules into nodes of the parse tree."""

    def start(self, parts: list[Any]) -> Node:
        return parts[0] if len(parts) == 1 else Row(tuple(map(_arrow, parts)))

    def side(self, parts: list[Any]) -> Node:
        nodes = tuple(Sign("+") if isinstance(part, Token) else part for part in parts)
        return nodes[0] if len(nodes) == 1 else Row(nodes)

    def hydrate(self, parts: list[Any]) -> Node:
        nodes = tuple(Sign("·") if isinstance(part, Token) else part for part in parts)
        return nodes[0] if len(nodes) == 1 else Row(nodes)

    def term(self, parts: list[Any]) -> Species:
        count, species, state, mark = parts
        return Species(
            species.parts, str(count or ""), species.charge, str(state or "").strip("()"),
            species.mass, species.atomic, _MARKS.get(str(mark or ""), ""),
        )  # fmt: skip

    def species(self, parts: list[Any]) -> Species:
        isotope, *atoms, charge = parts
        mass, _, atomic = str(isotope or "").partition("/")
        return Species(tuple(atoms), charge=str(charge or ""), mass=mass, atomic=atomic)

    def atoms(self, parts: list[Any]) -> Atoms:
        return Atoms(str(parts[0]), str(parts[1] or ""))

    def bracket(self, parts: list[Any]) -> Group:
        left, *inner, right, number = parts
        return Group(str(left), tuple(inner), str(right), str(number or ""))


_MARKS: Final = {"^": "↑", "v": "↓", "↑": "↑", "↓": "↓"}


def _arrow(part: Any) -> Node:
    if not isinstance(part, Token):
        return part
    bare, *conditions = re.split(r"[\[\]]+", str(part))
    above, below = [*filter(None, conditions), "", ""][:2]
    return Arrow(_ARROWS[bare], above, below)
