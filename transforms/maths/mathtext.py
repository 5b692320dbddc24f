"""Writer of formulas as mathtext, the subset of LaTeX that Matplotlib typesets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from transforms.maths.shape import numbers_of, walk
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

_SPECIAL: Final = {char: f"\\{char}" for char in "%$#&_{}"} | {" ": "\\ ", "\\": "\\backslash "}
_OPERATORS: Final = frozenset(
    {"sin", "cos", "tan", "sec", "csc", "cot", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"}
    | {"log", "ln", "exp", "max", "min", "lim", "sup", "inf", "gcd", "det", "deg", "dim", "lg"}
)
_DELIMITERS: Final = {
    "{": "\\{", "}": "\\}", "‖": "\\|", "⌊": "\\lfloor", "⌋": "\\rfloor", "⌈": "\\lceil",
    "⌉": "\\rceil", "⟨": "\\langle", "⟩": "\\rangle",
}  # fmt: skip
_PLAIN_SIGNS: Final = {
    "−": "-", "∗": "*", "…": "\\ldots ", "∣": "\\mid ", "′": "'", ":": ":",
    ",": ",\\,", "≔": ":=", "∶": ":",
}  # fmt: skip
_UNNAMED: Final = frozenset("ℝℕℤℚℂ□#≔")


def mathtext(node: Node) -> str:
    """Return a formula as mathtext without surrounding ``$``."""
    match node:
        case Number(text):
            return text.replace(",", "{,}")
        case Letter(char) | Sign(char):
            return _symbol(char)
        case Text(text):
            return _upright(text)
        case Unit(text):
            return r"\," + _unit(text)
        case Function(name):
            return f"\\{name} " if name in _OPERATORS else f"\\mathrm{{{name}}}\\ "
        case Row(parts):
            return " ".join(map(mathtext, parts))
        case Product(factors):
            return _product(factors)
        case Fraction(above, below, inline):
            if inline and not numbers_of(node):
                return f"{_one(above)} / {_one(below)}"
            return f"\\frac{{{mathtext(above)}}}{{{mathtext(below)}}}"
        case Root(radicand, index):
            order = f"[{mathtext(index)}]" if index else ""
            return f"\\sqrt{order}{{{mathtext(radicand)}}}"
        case Script():
            return _script(node)
        case Suffix(operand, char):
            end = {"%": "\\%", "°": "^{\\circ}", "‰": "‰"}.get(char, char)
            return f"{mathtext(operand)}{end}"
        case Fence(left, body, right):
            tall = any(isinstance(n, Fraction | Root | Big | Binomial) for n in walk(body))
            first, last = ("\\left", "\\right") if tall else ("", "")
            left, right = _DELIMITERS.get(left, left), _DELIMITERS.get(right, right)
            return f"{first}{left} {mathtext(body)} {last}{right}"
        case Apply(function, argument):
            return f"{mathtext(function)} {mathtext(argument)}"
        case Big(char, lower, upper):
            name = "\\lim" if char == "lim" else _symbol(char).strip()
            low = f"_{{{mathtext(lower)}}}" if lower else ""
            return f"{name}{low}{f'^{{{mathtext(upper)}}}' if upper else ''} "
        case Accent(kind, body):
            wide = kind == "bar" and not isinstance(body, Letter)
            return f"\\{'overline' if wide else kind}{{{mathtext(body)}}}"
        case Binomial(above, below):
            return f"\\binom{{{mathtext(above)}}}{{{mathtext(below)}}}"
        case Species():
            return _species(node)
        case Arrow(char, above, below):
            conditions = ",\\ ".join(filter(None, (above, below)))
            sign = _symbol(char)
            return f"\\overset{{{_upright(conditions)}}}{{{sign}}}" if conditions else sign


def _symbol(char: str) -> str:
    if char in _PLAIN_SIGNS:
        return _PLAIN_SIGNS[char]
    if char in SYMBOLS and SYMBOLS[char].latex and char not in _UNNAMED and not char.isascii():
        return f"\\{SYMBOLS[char].latex[0]} "
    return _SPECIAL.get(char, char)


def _upright(text: str) -> str:
    return f"\\mathrm{{{''.join(_SPECIAL.get(char, char) for char in text)}}}"


def _unit(text: str) -> str:
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    out, power = "", ""
    for char in text.replace("^{", "^").replace("}", ""):
        if char in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹" or (power and char.isdecimal()) or char == "^":
            power = power or "^{"
            power += char.translate(raised).replace("^", "")
            continue
        if power:
            out, power = f"{out}{power}}}", ""
        out += {"·": "\\cdot ", "°": "^{\\circ}"}.get(
            char
        ) or f"\\mathrm{{{_SPECIAL.get(char, char)}}}"
    return f"{out}{power}}}" if power else out


def _product(factors: Sequence[Node]) -> str:
    text = ""
    for factor in factors:
        said = mathtext(factor)
        if text and (text[-1:].isdigit() and said[:1].isdigit()):
            said = f"\\ {said}"
        elif text and isinstance(factor, Text | Species):
            said = f"\\,{said}"
        text += (" " if text else "") + said
    return text


def _one(node: Node) -> str:
    return f"{{{mathtext(node)}}}"


def _script(node: Script) -> str:
    base = mathtext(node.base)
    if not isinstance(node.base, Letter | Number | Function | Text | Fence | Sign):
        base = f"{{{base}}}"
    base = base.rstrip() + "'" * node.primes
    if node.sub is not None:
        base += f"_{{{mathtext(node.sub)}}}"
    if node.sup is not None:
        base += f"^{{{mathtext(node.sup)}}}"
    return base


def _species(node: Species) -> str:
    count = f"{node.count}\\," if node.count else ""
    mass = f"{{}}^{{{node.mass}}}" if node.mass else ""
    atomic = f"_{{{node.atomic}}}" if node.atomic else ""
    # Braces keep the space of an operator from the sign of a charge.
    signs = "".join(
        f"{{{char}}}" if char in "+-" else char for char in node.charge.replace("−", "-")
    )
    charge = f"^{{{signs}}}" if node.charge else ""
    state = f"\\mathrm{{({node.state})}}" if node.state else ""
    mark = {"↑": "\\uparrow ", "↓": "\\downarrow "}.get(node.mark, "")
    atoms = _atoms(node.parts)
    return f"{count}{mass}{atomic}{atoms}{charge}{state}{mark}"


def _atoms(parts: Sequence[Atoms | Group]) -> str:
    return "".join(
        (
            f"\\mathrm{{{part.symbol}}}"
            if isinstance(part, Atoms)
            else part.left + _atoms(part.parts) + part.right
        )
        + (f"_{{{part.number}}}" if part.number else "")
        for part in parts
    )
