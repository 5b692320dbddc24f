"""Table of the symbols of formulas: character, LaTeX commands, class and English words of each."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["ADD", "MUL", "REL", "LOGIC", "PREFIX", "BIG", "LETTER", "SEP", "DOTS"]


@dataclass(frozen=True)
class Symbol:
    """A symbol that formulas may contain.

    Attributes:
        char: the character.
        kind: its class in the grammar.
        words: how it is spoken between operands.
        latex: names of its commands; the first is what mathtext gets, if its fonts lack the
            character.
    """

    char: str
    kind: Kind
    words: str
    latex: tuple[str, ...] = ()


_TABLE: Final = """
ADD   +  plus                        :
ADD   −  minus                       :
ADD   ±  plus or minus               : pm
ADD   ∓  minus or plus               : mp
ADD   ∪  union                       : cup
ADD   ∩  intersection                : cap
ADD   ∖  minus                       : setminus
ADD   ⊕  exclusive or                : oplus
MUL   ×  times                       : times
MUL   ·  times                       : cdot
MUL   ∗  times                       : ast
MUL   ÷  divided by                  : div
MUL   ∘  of                          : circ
MUL   ⊗  tensor                      : otimes
MUL   ∶  to                          : ratio
REL   =  equals                      :
REL   <  is less than                : lt
REL   >  is greater than             : gt
REL   ≤  is less than or equal to    : leq le leqslant
REL   ≥  is greater than or equal to : geq ge geqslant
REL   ≪  is much less than           : ll
REL   ≫  is much greater than        : gg
REL   ≈  is approximately            : approx
REL   ≃  is approximately            : simeq
REL   ∼  is similar to               : sim
REL   ≅  is congruent to             : cong
REL   ≡  is equivalent to            : equiv
REL   ≠  is not equal to             : neq ne
REL   ∝  is proportional to          : propto
REL   ∈  is in                       : in
REL   ∉  is not in                   : notin
REL   ∋  contains                    : ni
REL   ⊂  is a subset of              : subset
REL   ⊆  is a subset of              : subseteq
REL   ⊃  is a superset of            : supset
REL   ⊇  is a superset of            : supseteq
REL   ⊄  is not a subset of          : nsubset
REL   ⊥  is perpendicular to         : perp
REL   ∥  is parallel to              : parallel
REL   ∣  given                       : mid
REL   ∤  does not divide             : nmid
REL   ≔  is defined as               : coloneqq
REL   →  to                          : rightarrow to longrightarrow
REL   ←  from                        : leftarrow gets
REL   ↔  to and from                 : leftrightarrow
REL   ↦  maps to                     : mapsto
REL   ⇌  is in equilibrium with      : rightleftharpoons
LOGIC ∧  and                         : wedge land
LOGIC ∨  or                          : vee lor
LOGIC ⊻  exclusive or                : veebar
LOGIC ⇒  implies                     : Rightarrow implies Longrightarrow
LOGIC ⇐  is implied by               : Leftarrow
LOGIC ⇔  if and only if              : Leftrightarrow iff Longleftrightarrow
LOGIC ⊢  proves                      : vdash
LOGIC ⊨  models                      : models vDash
LOGIC ∴  therefore                   : therefore
LOGIC ∵  because                     : because
PREFIX ¬ not                         : neg lnot
PREFIX ∀ for all                     : forall
PREFIX ∃ there exists                : exists
PREFIX ∄ there does not exist        : nexists
PREFIX ∂ partial                     : partial
PREFIX ∇ del                         : nabla
PREFIX ∠ angle                       : angle
PREFIX ∡ angle                       : measuredangle
PREFIX △ triangle                    : triangle bigtriangleup
BIG   ∑  the sum                     : sum
BIG   ∏  the product                 : prod
BIG   ∫  the integral                : int
BIG   ∬  the double integral         : iint
BIG   ∭  the triple integral         : iiint
BIG   ∮  the contour integral        : oint
BIG   ⋃  the union                   : bigcup
BIG   ⋂  the intersection            : bigcap
LETTER ∞ infinity                    : infty
LETTER ∅ the empty set               : emptyset varnothing
LETTER ℝ the real numbers            : mathbbR
LETTER ℕ the natural numbers         : mathbbN
LETTER ℤ the integers                : mathbbZ
LETTER ℚ the rational numbers        : mathbbQ
LETTER ℂ the complex numbers         : mathbbC
LETTER ℏ h bar                       : hbar
LETTER ℓ l                           : ell
LETTER ℘ p                           : wp
LETTER ↑ up                          : uparrow
LETTER ↓ down                        : downarrow
LETTER □ blank                       : square Box
LETTER # number                      : sharp
DOTS  …  and so on                   : ldots dots cdots dotsc dotsb
SEP   ,  ,                           :
SEP   ;  ;                           :
"""
_GREEK: Final = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma "
    "tau upsilon phi chi psi omega"
)
_GREEK_CODES: Final = dict(zip(_GREEK.split(), "αβγδεζηθικλμνξοπρστυφχψω", strict=True))
_CAPITALS: Final = "ΓΔΘΛΞΠΣΥΦΨΩ"  # the others look like Latin letters and have no command
_VARIANTS: Final = {
    "ϵ": "epsilon", "ϑ": "theta", "ϕ": "phi", "ϱ": "rho", "ϖ": "pi", "ς": "sigma", "ϰ": "kappa",
}  # fmt: skip


def _symbols() -> dict[str, Symbol]:
    found = {}
    for line in _TABLE.strip().splitlines():
        head, _, commands = line.partition(" : ") if " : " in line else (line.rstrip(":"), "", "")
        kind, char, words = head.split(maxsplit=2)
        found[char] = Symbol(char, kind, words.strip(), tuple(commands.split()))  # type: ignore[arg-type]
    for name, char in _GREEK_CODES.items():
        latex = () if name == "omicron" else (name,)
        found[char] = Symbol(char, "LETTER", name, latex)
        capital = char.upper()
        found[capital] = Symbol(
            capital, "LETTER", name, (name.title(),) if capital in _CAPITALS else ()
        )
    for char, name in _VARIANTS.items():
        found[char] = Symbol(char, "LETTER", name, (f"var{name}",))
    return found


SYMBOLS: Final = _symbols()
"""Every symbol, by its character."""

COMMANDS: Final = {
    name: symbol.char
    for symbol in reversed(SYMBOLS.values())
    for name in symbol.latex
} | {"degree": "°", "prime": "′", "lvert": "|", "rvert": "|", "vert": "|", "lVert": "‖",
     "rVert": "‖", "Vert": "‖", "lbrace": "\\{", "rbrace": "\\}", "langle": "⟨", "rangle": "⟩",
     "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "colon": ":", "slash": "/",
     "surd": "√"}  # fmt: skip
"""The character that a LaTeX command stands for."""

FUNCTIONS: Final = {
    "sin": "sine", "cos": "cosine", "tan": "tangent", "sec": "secant", "csc": "cosecant",
    "cot": "cotangent", "arcsin": "arc sine", "arccos": "arc cosine", "arctan": "arc tangent",
    "sinh": "hyperbolic sine", "cosh": "hyperbolic cosine", "tanh": "hyperbolic tangent",
    "log": "log", "lg": "log", "ln": "natural log", "exp": "the exponential",
    "max": "the maximum", "min": "the minimum", "lim": "the limit", "sup": "the supremum",
    "inf": "the infimum", "gcd": "the greatest common divisor",
    "lcm": "the least common multiple", "det": "the determinant", "deg": "the degree",
    "dim": "the dimension", "mod": "mod", "Var": "the variance", "Cov": "the covariance",
}  # fmt: skip
"""English words of named functions; "of" follows."""

_SAME: Final = str.maketrans(
    {
        "-": "−", "–": "−", "⁄": "/", "∕": "/", "⋅": "·", "∙": "·", "•": "·", "*": "∗", "＊": "∗",
        "’": "′", "'": "′", "″": "′′", "‴": "′′′", "º": "°", "˚": "°", "⟶": "→", "➔": "→",
        "➜": "→", "➡": "→", "⟵": "←", "⟹": "⇒", "⟺": "⇔", "⟷": "↔", "⋯": "…", "\u2126": "Ω",
        "∆": "Δ", "µ": "μ", "ϐ": "β", "⩽": "≤", "⩾": "≥", "⋀": "∧", "⋁": "∨", "～": "∼",
    }
)  # fmt: skip


_SUM = re.compile(r"Σ(?=\s?[A-Za-z(_])")


def fold(text: str) -> str:
    """Replace the styled letters and digits of U+1D400-1D7FF with plain ones: ``𝑥`` is ``x``."""
    if not any("\U0001d400" <= char <= "\U0001d7ff" for char in text):
        return text
    return "".join(
        unicodedata.normalize("NFKC", char) if "\U0001d400" <= char <= "\U0001d7ff" else char
        for char in text
    )


def unify(text: str) -> str:
    """Normalise a formula to one character for each meaning: any dash is a minus."""
    return _SUM.sub("∑", fold(text).replace("{,}", ",").translate(_SAME))
