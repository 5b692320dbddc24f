"""Writer of formulas as MathML Core, which browsers typeset and screen readers speak."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from transforms.maths.plain import plain
from transforms.maths.symbols import SYMBOLS
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

_ACCENTS: Final = {
    "bar": "¯", "hat": "^", "vec": "→", "dot": "˙", "ddot": "¨", "tilde": "~", "underline": "_",
}  # fmt: skip
_INTEGRALS: Final = frozenset("∫∬∭∮")
_APPLY: Final = "<mo>&#x2061;</mo>"
_SPACE: Final = '<mspace width="0.2em"/>'


def mathml(node: Node, *, alt: str = "", display: bool = False) -> str:
    """Return a formula as a ``<math>`` element.

    Args:
        alt: alternative text.
        display: the formula stands on a line of its own.
    """
    attributes = ' display="block"' if display else ""
    attributes += f' alttext="{escape(alt)}"' if alt else ""
    return f"<math{attributes}>{_row([node])}</math>"


def _element(node: Node) -> str:
    match node:
        case Number(text):
            return f"<mn>{escape(text)}</mn>"
        case Letter(char):
            upright = ' mathvariant="normal"' if char in SYMBOLS and not char.isalpha() else ""
            return f"<mi{upright}>{escape(char)}</mi>"
        case Sign(char):
            return f"<mo>{escape('*' if char == '∗' else char)}</mo>"
        case Text(text):
            return f"<mtext>{escape(text)}</mtext>"
        case Unit():
            return f'{_SPACE}<mi mathvariant="normal">{escape(plain(node))}</mi>'
        case Function(name):
            return f"<mi>{name}</mi>"
        case Row(parts):
            return _row(parts)
        case Product(factors):
            return _row(factors)
        case Fraction(above, below, inline):
            if inline:
                return f"<mrow>{_element(above)}<mo>/</mo>{_element(below)}</mrow>"
            return f"<mfrac>{_row([above])}{_row([below])}</mfrac>"
        case Root(radicand, index):
            if index is None:
                return f"<msqrt>{_element(radicand)}</msqrt>"
            return f"<mroot>{_row([radicand])}{_row([index])}</mroot>"
        case Script():
            return _script(node)
        case Suffix(operand, char):
            return f"<mrow>{_element(operand)}<mo>{char}</mo></mrow>"
        case Fence(left, body, right):
            return f"<mrow><mo>{left}</mo>{_element(body)}<mo>{right}</mo></mrow>"
        case Apply(function, argument):
            return f"<mrow>{_element(function)}{_APPLY}{_element(argument)}</mrow>"
        case Big():
            return _big(node)
        case Accent(kind, body):
            tag = "munder" if kind == "underline" else "mover"
            return f'<{tag}>{_row([body])}<mo stretchy="false">{_ACCENTS[kind]}</mo></{tag}>'
        case Binomial(above, below):
            inside = f'<mfrac linethickness="0">{_row([above])}{_row([below])}</mfrac>'
            return f"<mrow><mo>(</mo>{inside}<mo>)</mo></mrow>"
        case Species():
            return _species(node)
        case Arrow(char, above, below):
            conditions = ", ".join(filter(None, (above, below)))
            sign = f"<mo>{char}</mo>"
            return (
                f"<mover>{sign}<mtext>{escape(conditions)}</mtext></mover>" if conditions else sign
            )


def _row(parts: Sequence[Node]) -> str:
    inside = "".join(map(_element, parts))
    return (
        inside if len(parts) == 1 and not isinstance(parts[0], Unit) else f"<mrow>{inside}</mrow>"
    )


def _script(node: Script) -> str:
    base = _row([node.base])
    primes = f"<mo>{'′' * node.primes}</mo>" if node.primes else ""
    sup = _row([node.sup]) if node.sup is not None else ""
    raised = f"<mrow>{primes}{sup}</mrow>" if primes and sup else primes or sup
    if node.sub is None:
        return f"<msup>{base}{raised}</msup>"
    sub = _row([node.sub])
    return f"<msubsup>{base}{sub}{raised}</msubsup>" if raised else f"<msub>{base}{sub}</msub>"


def _big(node: Big) -> str:
    sign = "<mi>lim</mi>" if node.char == "lim" else f"<mo>{node.char}</mo>"
    low = _row([node.lower]) if node.lower is not None else ""
    high = _row([node.upper]) if node.upper is not None else ""
    kinds = (
        ("msub", "msup", "msubsup")
        if node.char in _INTEGRALS
        else ("munder", "mover", "munderover")
    )
    if not low and not high:
        return sign
    tag = kinds[2] if low and high else kinds[0] if low else kinds[1]
    return f"<{tag}>{sign}{low}{high}</{tag}>"


def _species(node: Species) -> str:
    parts = [f"<mn>{escape(node.count)}</mn>{_SPACE}" if node.count else ""]
    atoms = _atoms(node.parts)
    if node.mass:
        atomic = f"<mn>{node.atomic}</mn>" if node.atomic else "<mrow></mrow>"
        scripts = f"{atomic}<mn>{node.mass}</mn>"
        atoms = f"<mmultiscripts><mrow>{atoms}</mrow><mprescripts/>{scripts}</mmultiscripts>"
    if node.charge:
        atoms = f"<msup><mrow>{atoms}</mrow><mtext>{escape(node.charge)}</mtext></msup>"
    parts.append(atoms)
    parts.append(f"<mtext>({node.state})</mtext>" if node.state else "")
    parts.append(f"<mo>{node.mark}</mo>" if node.mark else "")
    return f"<mrow>{''.join(parts)}</mrow>"


def _atoms(parts: Sequence[Atoms | Group]) -> str:
    out = ""
    for part in parts:
        if isinstance(part, Atoms):
            base = f'<mi mathvariant="normal">{part.symbol}</mi>'
        else:
            base = f"<mrow><mo>{part.left}</mo>{_atoms(part.parts)}<mo>{part.right}</mo></mrow>"
        out += f"<msub>{base}<mn>{escape(part.number)}</mn></msub>" if part.number else base
    return out
