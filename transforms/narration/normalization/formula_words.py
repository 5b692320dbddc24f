"""Conversion of chemical and mathematical notation to words.

Input has powers written ``^{2}`` and subscripts ``_{2}``. `quantity_words` converts the digits that
remain.
"""

from __future__ import annotations

import re
from typing import Final

from transforms.narration.normalization.number_words import cardinal

LETTER_A: Final = "eh"
"""Spelling of the letter A that makes a voice read the letter and not the article."""

_ELEMENTS: Final = frozenset(
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "  # noqa: SIM905
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy "
    "Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf "
    "Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og".split()
)
_NOT_FORMULAS: Final = frozenset({"HeLa"})
_STATES: Final = {"aq": "aqueous", "s": "solid", "l": "liquid", "g": "gas"}
_FORMULA = re.compile(
    r"(?<![\w}])(\d{0,3})((?:[A-Z][a-z]?|\((?=[A-Z])|(?<=\w)\)|_\{\d+\}|(?<=[a-zA-Z)])\d{1,3})+)"
    r"(\^\{\d*[+-]+\}|(?:\+|(?<!I)-)(?![\w{(-]))?(?:\((aq|s|l|g)\))?(?![\w^])"
)
_FORMULA_PART = re.compile(r"[A-Z][a-z]?|\d+|[()]")
_ISOTOPE = re.compile(r"(?<![\w)}\]])\^\{(\d{1,3})\}([A-Z][a-z]?)(?!\w)")
_ARROW = re.compile(r"\s*→\s*")


def spell_letters(letters: str) -> str:
    """Separate letters so that a voice spells them: ``"NaCl"`` is ``"N eh C L"``."""
    return " ".join(LETTER_A if letter in "aA" else letter for letter in letters)


def _formula(found: re.Match[str]) -> str | None:
    count, body, charge, state = found.groups()
    parts = _FORMULA_PART.findall(body)
    symbols = [part for part in parts if part[0].isalpha()]
    if (
        not symbols
        or body in _NOT_FORMULAS
        or not _ELEMENTS.issuperset(symbols)
        or body.count("(") != body.count(")")
    ):
        return None
    counted = any(part.isdigit() for part in parts)
    compound = len(symbols) > 1 and any(len(symbol) > 1 for symbol in symbols)
    if not (counted or compound or charge or body == "CO"):
        return None
    # Convert the counts here: later steps would read "6 C" and "5 N" as coulombs and newtons.
    words = [cardinal(int(count))] if count else []
    words += [
        cardinal(int(part)) if part.isdigit() else spell_letters(part.upper())
        for part in parts
        if part not in "()"
    ]
    if charge:
        words += [cardinal(int(digits)) for digits in re.findall(r"\d+", charge)]
        words.append("plus" if "+" in charge else "minus")
    return " ".join(words) + (f", {_STATES[state]}," if state else "")


def chemistry(text: str) -> str:
    """Replace chemical formulas, isotopes and reactions with words: ``CO_{2}`` is ``C O two``."""
    seen = 0

    def read(found: re.Match[str]) -> str:
        nonlocal seen
        words = _formula(found)
        seen += words is not None
        return found.group() if words is None else words

    text = _ISOTOPE.sub(
        lambda found: f"{spell_letters(found[2].upper())} {cardinal(int(found[1]))}", text
    )
    text = _FORMULA.sub(read, text)
    reaction = seen or " + " in text
    return _ARROW.sub(" yields " if reaction else " to ", text)


_OPERATORS: Final = "=+×÷*·/^<>≤≥≈≠±√∝−"
_GAP = r"[^\S\n]*"
# Words that are kept next to an operator; other short words there are products of variables.
_MATHS_NAMES: Final = frozenset(
    {"sin", "cos", "tan", "sec", "csc", "cot", "log", "ln", "exp", "lim", "max", "min", "mod"}
    | {"pi", "net", "sum", "area", "mass", "time", "work", "heat", "rate", "cost", "size", "pH"}
    | {"is", "it", "if", "in", "of", "on", "or", "so", "we", "to", "by", "as", "an", "be", "do"}
    | {"the", "and", "for", "but", "not", "any", "all", "one", "two", "ten", "six", "you", "can"}
)
_PRODUCT = re.compile(r"(?<![A-Za-z'_{])[A-Za-z]{2,4}(?![A-Za-z'])")
_FUNCTIONS: Final = {
    "sin": "sine of", "cos": "cosine of", "tan": "tangent of", "log": "log of", "exp": "exp of",
    "ln": "natural log of",
}  # fmt: skip
_FUNCTION = re.compile(
    rf"(?<![A-Za-z])({'|'.join(_FUNCTIONS)}){_GAP}"
    r"(?=[(\d√−-]|[α-ωΑ-Ω](?![α-ωΑ-Ω])|(?<=\s)[A-Za-z](?![A-Za-z']))"
)
_LOG_BASE = re.compile(rf"(?<![A-Za-z])log_\{{([^{{}}]*)\}}{_GAP}(?=[\w(])")
_OF = re.compile(r"(?<![A-Za-z])([A-Za-z])('?)\(([\w ,.+−-]{1,12})\)")
_POWER = re.compile(r"\^\{([^{}]*)\}")
_SUBSCRIPT = re.compile(r"_\{([^{}]*)\}")
_ROOTS: Final = {"√": "the square root of", "∛": "the cube root of", "∜": "the fourth root of"}
# Brackets next to an operator group terms; they do not become pauses.
_GROUP = re.compile(
    rf"(?<=[{_OPERATORS}]){_GAP}\(([^()]*)\)|\(([^()]*)\)(?={_GAP}[{_OPERATORS}])"
    r"|(?<=\sof )\(([^()]*)\)"
)
_ONE = r"[A-Za-zα-ωΑ-Ω](?![A-Za-z])"
_OVER = re.compile(
    rf"(?<=\d){_GAP}/{_GAP}(?=\(|{_ONE})|((?<![A-Za-z])[A-Za-zα-ωΑ-Ω]|[)}}]){_GAP}/{_GAP}(?=[\w(√])"
    rf"|(?<=[A-Za-zα-ωΑ-Ω]){_GAP}/{_GAP}(?=[(\d√])"
)
_WORDS_OVER = re.compile(rf"(?<=[A-Za-z)]){_GAP}/{_GAP}(?=[A-Za-z(])")
_TIMES = re.compile(rf"(?<=[\w)}}\]]){_GAP}[*·]{_GAP}(?=[\w(√])|(?<=\d){_GAP}[xX]{_GAP}(?=\d)")
# A hyphen between spaces is a minus only between numbers, variables and brackets.
_MINUS = re.compile(
    r"((?:^|[\s(])(?:\d[\d,.]*|[A-Za-z])|[)}]) - (?=[\d(]|[A-Za-z]\b)"
    r"|((?:^|[=×*/(<>≤≥≈]) ?)-(?=[A-Za-z(√])"
)
# Relations; "is" is inserted before them unless a preposition or a form of "be" precedes.
_RELATIONS: Final = {
    "<": "less than", ">": "greater than", "≤": "less than or equal to",
    "≥": "greater than or equal to", "≈": "approximately", "≠": "not equal to",
    "∝": "proportional to", "≅": "congruent to", "≪": "much less than", "≫": "much greater than",
}  # fmt: skip
_VERB = re.compile(r"(?:^|[.,;:?!] )(?:is|are|was|were)\b[^.,;:?!]*$", re.IGNORECASE)
_NO_VERB: Final = frozenset(
    {"is", "are", "was", "were", "be", "for", "of", "with", "in", "at", "by", "from", "to", "and"}
    | {"or", "if", "that", "the", "about", "than", "like"}
)
_RELATION = re.compile(rf"(?:([\w)}}'’]+)|^|(?<=\W)){_GAP}([{''.join(_RELATIONS)}]){_GAP}")
_SYMBOLS: Final = {
    "=": "equals", "≡": "is equivalent to", "+": "plus", "×": "times", "÷": "divided by",
    "±": "plus or minus", "∓": "minus or plus", "−": "minus", "∞": "infinity", "∑": "the sum of",
    "∏": "the product of", "∫": "the integral of", "∂": "partial", "∇": "del", "∴": "therefore",
    "∵": "because", "∈": "in", "∉": "not in", "⊂": "is a subset of", "∪": "union",
    "∩": "intersection", "∠": "angle", "⊥": "is perpendicular to", "∥": "is parallel to",
    "∅": "the empty set", "∀": "for all", "∃": "there exists", "⇒": "implies",
    "⇔": "if and only if", "→": "to", "←": "from", "↔": "to and from", "↑": "up", "↓": "down",
    "⇌": "is in equilibrium with", "♯": "sharp", "♭": "flat",
}  # fmt: skip
_SYMBOL = re.compile(rf"{_GAP}([{re.escape(''.join(_SYMBOLS))}]){_GAP}")


def _product(text: str) -> str:
    """Spell products of variables next to an operator or a number: ``F = ma``, ``4ac``."""

    def read(found: re.Match[str]) -> str:
        word = found.group()
        if text[: found.start()][-1:].isdigit():
            return (
                word if word in ("st", "nd", "rd", "th") or len(word) > 3 else spell_letters(word)
            )
        before = text[: found.start()].rstrip()[-1:]
        after = text[found.end() :].lstrip()[:1]
        follows, precedes = (bool(end) and end in _OPERATORS for end in (before, after))
        if (
            not (follows or precedes)
            or word in _MATHS_NAMES
            or re.fullmatch(r"[A-Z][a-z]{2,3}", word)
        ):
            return word
        enclosed = follows and (precedes or not after or after in ".,;:?!)")
        vowelless = not re.search(r"[aeiouy]", word, re.IGNORECASE)
        if vowelless or not word.islower() or (len(word) == 2 and enclosed):
            return spell_letters(word)
        return word

    return _PRODUCT.sub(read, text)


def _power(found: re.Match[str]) -> str:
    inside = found.group(1).strip()
    if inside in ("2", "3"):
        return " squared " if inside == "2" else " cubed "
    if inside in ("°", "∘"):
        return "°"
    signed = re.sub(r"^[-−]\s*", "minus ", inside)
    return f" to the power of {signed} " if signed else " "


def _relation(found: re.Match[str]) -> str:
    before, sign = found.groups()
    spoken = before is None or before.lower() in _NO_VERB
    verb = "" if spoken or _VERB.search(found.string, 0, found.start()) else "is "
    return f"{before or ''} {verb}{_RELATIONS[sign]} "


def maths(text: str) -> str:
    """Replace operators, powers, roots, functions and products of variables with words."""
    text = _product(text)
    text = _LOG_BASE.sub(r"log base \1 of ", text)
    text = _FUNCTION.sub(lambda found: f"{_FUNCTIONS[found[1]]} ", text)
    text = _OF.sub(lambda found: f"{found[1]}{' prime' if found[2] else ''} of {found[3]}", text)
    text = re.sub(rf"(?<=\d)!(?={_GAP}[=+×÷*/−])", " factorial", text)
    text = _MINUS.sub(lambda found: f"{found[1] or found[2] or ''} minus ", text)
    text = _GROUP.sub(lambda found: f" {found[1] or found[2] or found[3] or ''} ", text)
    if "=" in text:
        text = _WORDS_OVER.sub(" over ", text)
    text = _OVER.sub(lambda found: f"{found[1] or ''} over ", text)
    text = _TIMES.sub(" times ", text)
    text = _POWER.sub(_power, text)
    text = _SUBSCRIPT.sub(r" \1 ", text)
    for sign, words in _ROOTS.items():
        text = text.replace(sign, f" {words} ")
    text = _RELATION.sub(_relation, text)
    return _SYMBOL.sub(lambda found: f" {_SYMBOLS[found[1]]} ", text)
