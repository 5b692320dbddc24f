"""Lexer of formulas: LaTeX commands and Unicode symbols become tokens of the grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from lark import Token
from lark.lexer import Lexer

from transforms.maths.symbols import COMMANDS, FUNCTIONS, SYMBOLS, unify

MAX_DEPTH: Final = 24
"""Braces, brackets and bars that may stand in each other."""

SUPERSCRIPTS: Final = dict(
    zip(
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ",
        "0123456789+−=()niabcdefghjklmoprstuvwxyzT",
        strict=True,
    )
)  # fmt: skip
"""The character that each superscript stands for."""

SUBSCRIPTS: Final = dict(
    zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+−=()aehijklmnoprstuvx", strict=True)
)
"""The character that each subscript stands for."""

VULGAR: Final = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5",
    "⅘": "4/5", "⅙": "1/6", "⅚": "5/6", "⅐": "1/7", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
    "⅑": "1/9", "⅒": "1/10",
}  # fmt: skip
"""The fraction that one character stands for."""

_MARKS: Final = {
    "\u0304": "bar", "\u0302": "hat", "\u20d7": "vec", "\u0307": "dot", "\u0308": "ddot",
    "\u0303": "tilde", "\u0332": "underline",
}  # fmt: skip
_BRACED: Final = r"\{(?P<content>(?:[^{}\\]|\\.|\{(?:[^{}\\]|\\.|\{[^{}]*\})*\})*)\}"
_PATTERN: Final = re.compile(
    rf"""
    (?P<space>\s+ | ~ | \\[,;:!\ ] | \\(?:quad|qquad|left|right|[Bb]igg?[lrm]?|limits|nolimits
        |displaystyle|textstyle|mathstrut)(?![A-Za-z])\.?)
    | \\(?P<styled>text|textrm|textit|textbf|mathrm|mathit|mathbf|mathsf|mathcal|operatorname|mbox
        |unit|ce|mathbb|boldsymbol)\s*{_BRACED}
    | \\(?P<frac>[dt]?frac)(?![A-Za-z])
    | \\sqrt(?![A-Za-z])\s*(?:\[(?P<index>[^\[\]{{}}]{{1,8}})\])?(?P<sqrt>)
    | \\(?P<binom>[dt]?binom)(?![A-Za-z])
    | \\(?P<accent>overline|bar|widehat|hat|vec|overrightarrow|ddot|dot|tilde|widetilde|underline)
        (?![A-Za-z])
    | \\(?P<escaped>[{{}}|%$\#&_])
    | \\(?P<command>[A-Za-z]+)
    | (?P<degree>\^\s*(?:°|∘|\\circ(?![A-Za-z])|\{{\s*(?:°|∘|\\circ|\\degree)\s*\}}))
    | (?P<raised>[{"".join(SUPERSCRIPTS)}]+)(?=√)√
    | (?P<superscript>[{"".join(SUPERSCRIPTS)}]+)
    | (?P<subscript>[{"".join(SUBSCRIPTS)}]+)
    | (?P<fraction>[{"".join(VULGAR)}]
        | (?<![\d./])\d+/\d+(?![\d./]|\s*[\^_{"".join(SUPERSCRIPTS)}]))
    | log(?P<base>(?:2|10)(?!\d)|\d{{1,2}}(?=\s+[\w(]|\())
    | (?P<number>0[xXbBoO][0-9A-Fa-f]+(?!\w) | (?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:\.\d+)?
        | \.\d+)
    | (?P<marked>[A-Za-zα-ω][{"".join(_MARKS)}])
    | (?P<root>[√∛∜])
    | (?P<word>[A-Za-zÀ-ÖØ-öø-ÿ]{{2,}}(?![{"".join(_MARKS)}]))
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ROOT_INDEX: Final = {"√": "", "∛": "3", "∜": "4"}
_ACCENTS: Final = {
    "overline": "bar", "widehat": "hat", "overrightarrow": "vec", "widetilde": "tilde",
}  # fmt: skip
_PLAIN: Final = str.maketrans(SUPERSCRIPTS)
_TYPED: Final = str.maketrans("−′∗", "-'*")
_SINGLE: Final = {
    "(": "OPEN", "[": "OPEN", "⟨": "OPEN", "⌊": "OPEN", "⌈": "OPEN", ")": "CLOSE", "]": "CLOSE",
    "⟩": "CLOSE", "⌋": "CLOSE", "⌉": "CLOSE", "{": "LBRACE", "}": "RBRACE", "^": "SUP",
    "_": "SUB", "/": "SLASH", ":": "COLON", "!": "SUFFIX", "%": "SUFFIX", "‰": "SUFFIX",
    "°": "SUFFIX", "′": "PRIME", "|": "BAR", "‖": "BAR",
}  # fmt: skip
_LONGEST_PRODUCT: Final = 4
"""Letters; more of them in a row are a word."""
_OPERANDS: Final = frozenset(
    {"NUMBER", "FRACTION", "LETTER", "TEXT", "UNIT", "SUFFIX", "PRIME", "CLOSE", "RBRACE", "RBAR",
     "CHEMISTRY", "DOTS"}
)  # fmt: skip


class FormulaError(ValueError):
    """The text is not a formula that the parser accepts."""


class FormulaLexer(Lexer):
    """Lexer that the parser generator Lark calls."""

    def __init__(self, lexer_conf: Any) -> None:
        del lexer_conf  # the grammar declares its terminals only

    def lex(self, data: str, *_: Any) -> Iterator[Token]:  # type: ignore[override]
        """Tokenise a formula."""
        if not data.isprintable():
            raise FormulaError("a formula is one line of printable characters")
        yield from _pair_bars(list(_tokens(unify(data))))


def _tokens(text: str) -> Iterator[Token]:
    depth = 0
    for found in _PATTERN.finditer(text):
        kind = found.lastgroup or ""
        if found["index"] is not None:
            kind = "sqrt"
        for token in _READERS[kind](found):
            depth += token.type in ("LBRACE", "OPEN")
            depth -= token.type in ("RBRACE", "CLOSE")
            if depth > MAX_DEPTH:
                raise FormulaError("too many brackets in each other")
            yield token


def _nothing(_: re.Match[str]) -> Iterator[Token]:
    yield from ()


def _one(kind: str, group: str) -> Callable[[re.Match[str]], Iterator[Token]]:
    def read(found: re.Match[str]) -> Iterator[Token]:
        yield Token(kind, found[group])

    return read


def _command(found: re.Match[str]) -> Iterator[Token]:
    name = found["command"]
    if name in FUNCTIONS:
        yield Token("BIG" if name == "lim" else "FUNCTION", name)
    elif name == "pmod":
        yield Token("FUNCTION", "mod")
    elif name in COMMANDS:
        char = COMMANDS[name]
        yield _bracket(char) if char in ("\\{", "\\}") else _char(char)
    else:
        raise FormulaError(f"\\{name} is not a command of the notation")


def _bracket(escaped: str) -> Token:
    return Token("OPEN", "{") if escaped == "\\{" else Token("CLOSE", "}")


def _escaped(found: re.Match[str]) -> Iterator[Token]:
    char = found["escaped"]
    if char in "{}":
        yield _bracket(f"\\{char}")
    elif char == "|":
        yield Token("BAR", "‖")
    elif char == "%":
        yield Token("SUFFIX", "%")
    else:
        yield Token("TEXT", char)


def _char(char: str) -> Token:
    if char in _SINGLE:
        return Token(_SINGLE[char], char)
    if char in SYMBOLS:
        return Token(SYMBOLS[char].kind, char)
    if char.isalpha() and char < "\u0180":
        return Token("LETTER", char)
    raise FormulaError(f"{char!r} is not a symbol of the notation")


def _script(kind: str, group: str, table: dict[str, str]) -> Any:
    def read(found: re.Match[str]) -> Iterator[Token]:
        yield Token(kind, "")
        yield Token("LBRACE", "{")
        yield from _tokens("".join(table[char] for char in found[group]))
        yield Token("RBRACE", "}")

    return read


def _styled(found: re.Match[str]) -> Iterator[Token]:
    style = found["styled"]
    content = found["content"]
    if style == "ce":
        yield Token("CHEMISTRY", content)
    elif style == "mathbb":
        yield _char(COMMANDS.get(f"mathbb{content.strip()}", content.strip()[:1]))
    elif style == "unit":
        yield Token("UNIT", content.translate(_TYPED))
    elif style in ("mathit", "mathbf", "boldsymbol", "mathcal"):
        yield Token("LBRACE", "{")
        yield from _tokens(content)
        yield Token("RBRACE", "}")
    else:
        yield from _upright(content)


def _upright(content: str) -> Iterator[Token]:
    """Yield the tokens of upright text: words, or a formula with scripts such as ``CO_2``."""
    plain = re.sub(r"\\[,;:! ]|~", " ", content).replace("\\%", "%")
    words = " ".join(plain.translate(_TYPED).split())
    if not words:
        raise FormulaError("the words are empty")
    if re.search(r"[_^\\{}]", words):
        yield Token("CHEMISTRY" if "\\" not in words else "UPRIGHT", words)
    else:
        yield Token("TEXT", words)


def _word(found: re.Match[str]) -> Iterator[Token]:
    word = found["word"]
    if word in FUNCTIONS:
        yield Token("BIG" if word == "lim" else "FUNCTION", word)
    elif len(word) > _LONGEST_PRODUCT and word.isascii():
        yield Token("TEXT", word)
    else:
        yield from map(_char, word)


def _fraction(found: re.Match[str]) -> Iterator[Token]:
    yield Token("FRACTION", VULGAR.get(found["fraction"], found["fraction"]))


def _marked(found: re.Match[str]) -> Iterator[Token]:
    yield Token("ACCENT", _MARKS[found["marked"][1]])
    yield _char(found["marked"][0])


def _log_base(found: re.Match[str]) -> Iterator[Token]:
    yield Token("FUNCTION", "log")
    yield Token("SUB", "")
    yield Token("NUMBER", found["base"])


def _square_root(found: re.Match[str]) -> Iterator[Token]:
    yield Token("ROOT", found["index"] or "")


_READERS: Final[dict[str, Callable[[re.Match[str]], Iterator[Token]]]] = {
    "space": _nothing,
    "content": _styled,
    "frac": _one("FRAC", "frac"),
    "sqrt": _square_root,
    "marked": _marked,
    "base": _log_base,
    "binom": _one("BINOM", "binom"),
    "accent": lambda m: iter([Token("ACCENT", _ACCENTS.get(m["accent"], m["accent"]))]),
    "escaped": _escaped,
    "command": _command,
    "degree": lambda _: iter([Token("SUFFIX", "°")]),
    "superscript": _script("SUP", "superscript", SUPERSCRIPTS),
    "subscript": _script("SUB", "subscript", SUBSCRIPTS),
    "fraction": _fraction,
    "number": _one("NUMBER", "number"),
    "raised": lambda m: iter([Token("ROOT", m["raised"].translate(_PLAIN))]),
    "root": lambda m: iter([Token("ROOT", _ROOT_INDEX[m["root"]])]),
    "word": _word,
    "other": lambda m: iter([_char(m["other"])]),
}


def _pair_bars(tokens: list[Token]) -> Iterator[Token]:
    """Classify each bar as left, right or "given" by its neighbours, and yield all tokens."""
    left = [0] * (MAX_DEPTH + 2)  # open bars at each depth of brackets
    depth = 0
    for at, token in enumerate(tokens):
        kind = token.type
        if kind == "BAR":
            after_operand = at > 0 and tokens[at - 1].type in _OPERANDS
            if left[depth] and (after_operand or not _is_operand(tokens, at + 1)):
                kind = "RBAR"
            elif after_operand and not _has_later_bar(tokens, at):
                kind = "GIVEN"
            else:
                kind = "LBAR"
            left[depth] += {"RBAR": -1, "LBAR": 1, "GIVEN": 0}[kind]
            tokens[at] = Token(kind, token.value)
        elif kind in ("OPEN", "LBRACE"):
            depth += 1
            left[depth] = 0
        elif kind in ("CLOSE", "RBRACE"):
            depth = max(0, depth - 1)
        yield tokens[at]


def _is_operand(tokens: list[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].type not in ("REL", "CLOSE", "RBRACE", "SEP", "BAR")


def _has_later_bar(tokens: list[Token], at: int) -> bool:
    """Return True if another bar follows at the same bracket depth."""
    depth = 0
    for token in tokens[at + 1 :]:
        depth += (token.type in ("OPEN", "LBRACE")) - (token.type in ("CLOSE", "RBRACE"))
        if depth < 0:
            return False
        if token.type == "BAR" and not depth:
            return True
    return False
