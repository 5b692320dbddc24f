"""Tokeniser of free text in which formulas stand without markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from transforms.maths.chemistry import ELEMENTS
from transforms.maths.symbols import FUNCTIONS, SYMBOLS
from transforms.maths.tokens import SUBSCRIPTS, SUPERSCRIPTS, VULGAR
from transforms.maths.unit_words import EXPRESSION, bare_unit

_OPERATORS: Final = "".join(
    char for char, symbol in SYMBOLS.items()
    if symbol.kind in ("ADD", "MUL", "REL", "LOGIC") and char not in "∣∗−"
) + "*"  # fmt: skip
_PREFIXES: Final = "¬∀∃∄∂∇∠∡△"
_LETTERS: Final = "∞∅ℝℕℤℚℂℏℓ"
_CHARGE: Final = r"(?:\^\{?\d*[+−-]+\}?|[⁰¹²³⁴⁵⁶⁷⁸⁹]*[⁺⁻]|(?:\+|(?<!I)-)(?![\w{(−-]))"
_ATOMS: Final = (
    r"(?:[A-Z][a-z]?|[(\[](?=[A-Z])|(?<=[A-Za-z0-9₀-₉)}])[)\]]|_\{?\d+\}?|(?<=[a-zA-Z)\]}])\d{1,3}"
    rf"|(?<=[a-zA-Z)\]])[{''.join(SUBSCRIPTS)}]+)+"
)
SUBSTANCE: Final = (
    r"(?:[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}[₀₁₂₃₄₅₆₇₈₉]{0,3}(?=[A-Z]))?"
    rf"{_ATOMS}{_CHARGE}?(?:\s?\((?:aq|s|l|g)\))?"
)
"""Pattern of a possible substance; its elements are checked separately."""

_PATTERN: Final = re.compile(
    rf"""
    (?P<latex>\\[A-Za-z]+|\\[{{}}|,;:!%])
    | (?P<hexadecimal>\b0[xXbBoO][0-9A-Fa-f]+(?!\w))
    | (?P<scientific>(?<![\w.])(?<!\w-)\d+(?:\.\d+)?[eE][+−-]?\d{{1,3}}(?![\w-]))
    | (?P<arc>\d+(?:\.\d+)?\s?[°˚]\s?\d+(?:\.\d+)?\s?[′'](?:\s?\d+(?:\.\d+)?\s?(?:″|′′|''|"))?)
    | (?P<fraction>(?<![\w./])\d+\s?/\s?\d+(?![\d/]|\.\d|[\^_]) | [{"".join(VULGAR)}])
    | (?P<number>(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:\.\d+)?|(?<![\w.])\.\d+)
    | (?P<superscript>[{"".join(SUPERSCRIPTS)}]+)
    | (?P<subscript>[{"".join(SUBSCRIPTS)}]+)
    | (?P<script>[\^_]\s?(?:\{{(?:[^{{}}]|\{{[^{{}}]*\}})*\}}|[−-]?\w+(?:\.\d+)?)|[\^_](?=\())
    | (?P<function>(?<![A-Za-z])(?:arc)?(?:{"|".join(sorted(FUNCTIONS, key=len, reverse=True))})
        (?:(?<=log)\d{{1,2}}(?!\d))?(?![A-Za-z]))
    | (?P<word>(?<!\w)[A-Za-z]-[a-z]{{3,}}|[^\W\d_{_LETTERS}Α-Ωα-ω]{{2,}}(?:[-'’][^\W\d_]+)*)
    | (?P<letter>[A-Za-zΑ-Ωα-ωϕϵϑ{_LETTERS}][\u0302-\u0304\u0307\u0308\u20d7]?)
    | (?P<operator>[{re.escape(_OPERATORS)}])
    | (?P<big>[∑∏∫∬∭∮⋃⋂√∛∜])
    | (?P<prefix>[{_PREFIXES}])
    | (?P<dots>…)
    | (?P<hyphen>[-−–])
    | (?P<slash>/)
    | (?P<bar>[|‖∣])
    | (?P<open>[(\[{{⌊⌈⟨]) | (?P<close>[)\]}}⌋⌉⟩])
    | (?P<prime>[′'’″]+)
    | (?P<suffix>[!%°‰])
    | (?P<comma>,)
    | (?P<colon>:)
    | (?P<space>[^\S\n]+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_UNIT: Final = re.compile(rf"(\s?)({EXPRESSION})(?![\w^(]|/(?!\(?\d)|'s\b)")
_LONE_UNITS: Final = frozenset("mgsLlhKTCFBVAW")
"""Units that are variables when they stand without a space after a number, as in ``2m + 1``."""


@dataclass(frozen=True)
class ProseToken:
    """A token of free text and its place."""

    kind: str
    text: str
    start: int
    end: int


def prose_tokens(text: str, start: int, end: int) -> Iterator[ProseToken]:
    """Tokenise a part of a text; a unit directly after a number is one token."""
    at = start
    before = ""
    while at < end:
        if unit_alone := bare_unit(text, at, end):
            yield ProseToken("other", unit_alone, at, at + len(unit_alone))
            at += len(unit_alone)
            before = "other"
            continue
        found = _PATTERN.match(text, at, end)
        if found is None:  # cannot be: the last alternative matches any character
            return
        kind = found.lastgroup or "other"
        yield ProseToken(kind, found[0], at, found.end())
        at = found.end()
        power = kind == "script" and before == "number" and found[0][0] == "^"
        before = kind
        if kind in ("number", "scientific") or power:
            unit = _UNIT.match(text, at, end)
            if unit and (unit[1] or unit[2] not in _LONE_UNITS):
                yield ProseToken("unit", unit[2], unit.start(2), unit.end(2))
                at = unit.end()


def is_substance(text: str) -> bool:
    """Return True if a text is the formula of a substance, unlike "He", "As" or "No"."""
    bare = re.sub(r"\((?:aq|s|l|g)\)$", "", text).strip()
    symbols = re.findall(r"[A-Z][a-z]?", bare)
    brackets = bare.count("(") == bare.count(")") and bare.count("[") == bare.count("]")
    if not symbols or not ELEMENTS.issuperset(symbols) or not brackets or bare == "HeLa":
        return False
    counted = any(char.isdigit() or char in SUBSCRIPTS for char in bare)
    compound = len(symbols) > 1 and any(len(symbol) > 1 for symbol in symbols)
    charged = re.search(rf"{_CHARGE}$", bare) is not None
    return counted or compound or charged or bare == "CO"
