"""Find calculations whose result is wrong, and results whose unit does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain, pairwise

from transforms.model import Script
from transforms.script.checks.calculation import evaluate
from transforms.script.checks.quantities import CURRENCIES, LETTER, VULGAR, NotUnderstood, Quantity
from transforms.script.checks.script_texts import quiz_texts, shown_texts, spoken_texts
from transforms.script.engines.script_engine import Problem

ABOUT = Fraction(1, 10)
"""Largest relative error of a result that is said to be rounded."""

_WORDS = (
    (r"divided by|dividido (?:entre|por)|geteilt durch|divisé par", "÷"),
    (r"multiplied by|times|multiplicado por|mal|fois|multiplié par", "×"),
    (r"plus|más|et font", "+"),
    (r"minus|menos|weniger|moins", "−"),
    (r"percent of|% of|per cent of|% de|% von", "% ×"),
    (r"squared", "^ 2"),
    (r"equals|is equal to|makes|gives|es igual a|ist gleich|ergibt|égale|is|es|ist|est", "="),
)
_SIGNS = re.compile(
    "|".join(
        rf"(?P<w{at}>(?<![^\W\d_])(?:{words})(?![^\W\d_]))" for at, (words, _) in enumerate(_WORDS)
    ),
    re.I,
)
_OTHER_SYSTEM = re.compile(
    r"\b(?:binary|binario|binär\w*|binaire|hexadecimal|octal|base|modul\w+|mod|clock|boolean|logic"
    r"|gate|bits?|program\w*|python|code)\b",
    re.I,
)
"""Words of lessons in which 1 + 1 may be 10, or = may assign."""

_DIGITS = re.compile(r"\d")

_ROUNDED = re.compile(
    r"[≈~]|\b(?:about|roughly|nearly|almost|approximately|around|rounded|or so)\b"
)
_GOES_ON = re.compile(r"\s*(?:per|squared|cubed|in every|each|of|[-–]?\w+ meters?)\b")
"""How the unit of a result goes on in words."""

_OPERAND = (
    rf"(?:[{CURRENCIES}]?(?:\d[\d.,\u00a0\u202f]*\d|\d|[{''.join(VULGAR)}])[⁰¹²³⁴⁵⁶⁷⁸⁹]*"
    rf"(?:\s?(?:%|{LETTER}+[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*(?:\s?[/·]\s?{LETTER}+[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*)*))?)"
)
_SIDE = rf"[(−-]*\s*{_OPERAND}(?:\s*[)]*\s*[+\-−–×·*÷/^]\s*[(]*\s*{_OPERAND}[)]*)*"
_STATEMENT = re.compile(rf"(?<![\w.,)^=×÷*/+−⁰-⁹]){_SIDE}(?:\s*[=≈]\s*(?:about\s+)?{_SIDE})+")


def check_arithmetic(script: Script) -> Sequence[Problem]:
    """Return the calculations of a script that are wrong.

    Statements with variables are not judged, and neither are lessons about other number systems.
    """
    found = []
    for path, text in chain(spoken_texts(script), shown_texts(script), quiz_texts(script)):
        if script.subject == "computing" or not _DIGITS.search(text) or _OTHER_SYSTEM.search(text):
            continue
        for wrong in wrong_statements(text, script.language):
            found.append(Problem(f"{path}: {wrong!r} is not right; compute it again"))
    return found


def wrong_statements(text: str, language: str) -> Iterator[str]:
    """Yield the calculations in a text whose sides differ."""
    text = _with_signs(text)
    for statement in _STATEMENT.finditer(text):
        goes_on = _GOES_ON.match(text, statement.end())
        sides = re.split(r"\s*[=≈]\s*", statement[0])
        rounded = bool(_ROUNDED.search(text))
        for left, right in pairwise(sides):
            try:
                values = evaluate(left, language), evaluate(right.removeprefix("about "), language)
            except NotUnderstood:
                continue
            # A lone number before the sign is a name or a date, and one unit may equal another.
            if not _is_calculation(left) or _units_are_open(*values, bool(goes_on)):
                continue
            if not _agree(*values, rounded):
                yield statement[0].strip()
                break


def _with_signs(text: str) -> str:
    """Write the words of calculations as signs, where numbers stand on both sides."""

    def sign(match: re.Match[str]) -> str:
        at = next(at for at in range(len(_WORDS)) if match[f"w{at}"])
        return _WORDS[at][1]

    return _SIGNS.sub(sign, text)


def _is_calculation(text: str) -> bool:
    return bool(re.search(r"(?<=[\w%)⁰¹²³⁴⁵⁶⁷⁸⁹½⅓⅔¼¾])\s*[+\-−–×·*÷/^]|\d[⁰¹²³⁴⁵⁶⁷⁸⁹]", text))


def _units_are_open(left: Quantity, right: Quantity, goes_on: bool) -> bool:
    """Return whether units differ because the text leaves one out or spells it on."""
    return left.dimension != right.dimension and (goes_on or left.is_bare or right.is_bare)


def _agree(left: Quantity, right: Quantity, rounded: bool) -> bool:
    if left.dimension != right.dimension and left.value and right.value:
        return False
    error = abs(left.value - right.value)
    if error == 0:
        return True
    if rounded and error <= ABOUT * abs(left.value):
        return True
    # 10 ÷ 3 = 3.33 is rounded to the last place; 7 ÷ 2 = 3 is not.
    return right.step < 1 and error <= right.step / 2 and right.step != 0
