"""Check of calculations: wrong results, and results with a unit that does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import chain, pairwise

from transforms.model import Script
from transforms.script.checks.calculation import OPERAND, SCALE, UnitsDiffer, evaluate
from transforms.script.checks.quantities import Dimension, NotUnderstood, Quantity, is_known
from transforms.script.checks.script_texts import quiz_texts, shown_texts, spoken_texts
from transforms.script.checks.spelled_numbers import with_digits
from transforms.script.engines.script_engine import Problem

ABOUT = Fraction(1, 10)
"""Largest relative error of a result that is said to be rounded."""

_WORDS = (
    (r"divided by|dividido (?:entre|por)|geteilt durch|divisé par", "÷"),
    (r"multiplied by|times|multiplicado por|por|mal|fois|multiplié par", "×"),
    (r"plus|más|und|added to|y", "+"),
    (r"minus|menos|weniger|moins|take away", "−"),
    (r"percent of|% of|per cent of|% de|% von|por ciento de|prozent von|pour cent de", "% ×"),
    (r"squared", "^ 2"),
    (r"cubed", "^ 3"),
    (r"of", "×"),
    (
        r"equals|is equal to|makes|make|gives|give|es igual a|son|ist gleich|ergibt|macht|égale"
        r"|égalent|font|fait|is|are|es|ist|sind|est",
        "=",
    ),
)
_NUMBER_AHEAD = r"(?=\s*(?:(?:about|roughly|exactly|approximately)\s+)?[(−-]?\s*[$€£]?[\d½⅓⅔¼¾])"
_NUMBER_BEHIND = r"(?<![^\W\d_])"
_SIGNS = [
    (
        re.compile(
            rf"(?<![^\W\d_])(?:{words})(?![^\W\d_]){_NUMBER_AHEAD * (sign[0] != '^')}", re.I
        ),
        sign,
    )
    for words, sign in _WORDS
]
_OPERATION = re.compile(
    r"[\w%)°]\s*[+−×·*÷/^]\s*[\w($€£]|\d\s*[-–]\s*\d|[²³]|%"
    r"|\b(?:divid\w+|times|multipl\w+|plus|minus|squared|cubed|take away|added to|half|twice|double"
    r"|thirds?|quarters?|percent|prozent|por|mal|fois|más|menos|und|weniger|geteilt|divisé|moins|y)\b",
    re.I,
)
"""Pattern that every text with a calculation matches; most texts do not."""

_UNIT_POWERS = re.compile(r"(?<=second) squared|(?<=meter) squared|(?<=metre) squared")
_PER = re.compile(r"(?<=[a-z]) per (?=[a-z])")
_MULTIPLES = (
    (re.compile(r"\b(?:half of|half)(?= [\d$€£])", re.I), "1/2 ×"),
    (re.compile(r"\b(?:twice|double)(?= [\d$€£])", re.I), "2 ×"),
)
_RANGE = re.compile(r"(?<=\d)[-–](?=\d+(?:[.,]\d+)?(?!\s*[=≈\d]))")
"""A hyphen between two numbers, as in pages 10-20; with an equals sign after it, it is a minus."""

_OTHER_SYSTEM = re.compile(
    r"\b(?:binary|binario|binär\w*|binaire|hexadecimal|octal|base|modul\w+|mod|clock|boolean|logic"
    r"|gate|bits?|program\w*|python|code|código|o['’]clock)\b",
    re.I,
)
"""Words of lessons in which 1 + 1 may be 10, or = may assign."""

_MISTAKEN = re.compile(
    r"\b(?:think|thinks|thought|believe|say|says|said|guess|expect|claim|wrote|writes|myth"
    r"|mistake\w*|wrong\w*|incorrect\w*|false|error|tempt\w*|instead of|not true|never"
    r"|falsch\w*|fehler|falso|equivocad\w*|errónea\w*|faux|fausse|erreur)\b"
    r"|\b(?:if|wenn|si)\s+$",
    re.I,
)
_DENIED = re.compile(
    r"\W{0,3}(?:(?:is|was|would be|ist|es|est)\s+)?"
    r"(?:wrong|not|incorrect|false|falsch|nicht|falso)\b",
    re.I,
)
_REMAINDER = re.compile(
    r"\W{0,2}(?:with |and )?(?:an? )?(?:remainder|r\.? ?\d|rest|left over|resto|reste)\b", re.I
)
_ROUNDED = re.compile(
    r"[≈~]|\b(?:about|roughly|nearly|almost|approximately|around|rounded|or so|etwa|ungefähr|rund"
    r"|circa|ca|fast|aproximadamente|casi|unos|environ|presque)\b",
    re.I,
)
_PART_OF_MORE = re.compile(
    r"(?:[+\-−–×·*÷/^(|√∛∑∫πi][\s(]*|\b(?:of|root|twice|double|half|times|per|than|sin|cos|tan|log|ln)\s+)$",
    re.I,
)
"""Text before a match that is only the end of a longer calculation."""

_GOES_ON_AS_MORE = re.compile(
    r"\s*(?:[+×·*÷/^(²³!]|[−–-]\s*[\d(]|[−–-]\s*\w\b|(?:in|out of|to|over|von|de cada) (?:\w+ )?\d"
    r"|(?:more|less|fewer|times)\b)"
)
_GOES_ON = re.compile(r"\s*(?:per|squared|cubed|in every|each|[-–]?\w+ meters?)\b")
"""Words that continue the unit of a result."""

_PLAIN = re.sub(r"\?P<\w+>", "?:", OPERAND)
_SIDE = (
    rf"[(−-]*\s*(?:{_PLAIN})"
    rf"(?:\s*(?:\)\s*)*[+\-−–×·*÷/^]\s*(?:\(\s*)*(?:{_PLAIN}))*+\)*"  # possessive: no backtracking
)
_STATEMENT = re.compile(
    rf"(?<![\w.,)=%°$€£]){_SIDE}(?:\s*[=≈]\s*(?:(?:about|exactly)\s+)?{_SIDE})+"
)
_CONVERSIONS = {Fraction(n) for n in (7, 12, 16, 24, 30, 52, 60, 365, 3600)} | {Fraction(18, 5)}


def check_arithmetic(script: Script) -> Sequence[Problem]:
    """Return a problem for each wrong calculation of a script.

    Statements with variables are not judged, and neither are lessons about other number systems.
    """
    if script.subject == "computing":
        return []
    found = []
    for path, text in chain(spoken_texts(script), shown_texts(script), quiz_texts(script)):
        for wrong in wrong_statements(text, script.language, script.subject):
            found.append(Problem(f"{path}: {wrong!r} is not right; compute it again"))
    return found


@lru_cache(maxsize=8192)  # lessons of cards share their texts
def wrong_statements(text: str, language: str, subject: str = "") -> tuple[str, ...]:
    """Find the calculations in a text whose sides are not equal.

    Args:
        text: Plain text, with numbers in digits or words.
        language: BCP-47 tag.
        subject: School subject; in chemistry, letters after numbers are atoms rather than units.
    """
    return tuple(_wrong_statements(text, language, subject)) if _OPERATION.search(text) else ()


def _wrong_statements(text: str, language: str, subject: str) -> Iterator[str]:
    text = with_digits(text, language)
    if not any(map(str.isdigit, text)) or _OTHER_SYSTEM.search(text):
        return
    text = with_signs(text)
    for statement in _STATEMENT.finditer(text):
        start, end = _sentence_span(text, *statement.span())
        before, after = text[start : statement.start()], text[statement.end() : end]
        if _MISTAKEN.search(before) or _DENIED.match(after) or _REMAINDER.match(after):
            continue
        sides = re.split(r"\s*[=≈]\s*", statement[0])
        if _PART_OF_MORE.search(before):
            sides = sides[1:]
        if _GOES_ON_AS_MORE.match(after):
            sides = sides[:-1]
        judge = _Judge(
            language,
            bool(_ROUNDED.search(text, start, end)),
            bool(_GOES_ON.match(after)),
            subject not in ("chemistry", "biology"),
        )
        if any(judge.is_wrong(left, right) for left, right in pairwise(sides)):
            yield statement[0].strip()


def with_signs(text: str) -> str:
    """Replace words such as "plus" with operators where a number follows."""
    text = _RANGE.sub(" to ", _PER.sub("/", _UNIT_POWERS.sub("²", text)))
    for pattern, sign in (*_MULTIPLES, *_SIGNS):
        text = pattern.sub(sign, text)
    return text


def _sentence_span(text: str, start: int, end: int) -> tuple[int, int]:
    """Return start and end of the sentence around a span."""
    first = max((m.end() for m in re.finditer(r"[.!?;:]\s", text[:start])), default=0)
    last = re.compile(r"[.!?;](?:\s|$)").search(text, end)
    return first, last.start() if last else len(text)


class _Judge:
    """Decides whether the two sides of a calculation are equal.

    Args:
        language: BCP-47 tag.
        rounded: The text says that results are rounded.
        goes_on: Words that follow the result go on with its unit.
        has_units: Letters after numbers are units.
    """

    def __init__(self, language: str, rounded: bool, goes_on: bool, has_units: bool) -> None:
        self._language = language
        self._rounded = rounded
        self._goes_on = goes_on
        self._has_units = has_units

    def is_wrong(self, left: str, right: str) -> bool:
        right = re.sub(r"^(?:about|exactly)\s+", "", right)
        if not _is_calculation(left):  # a name, a date, or one unit in terms of another
            return False
        try:
            one, other = evaluate(left, self._language), evaluate(right, self._language)
        except UnitsDiffer:
            return self._has_units
        except NotUnderstood:
            return False
        if one.dimension == other.dimension:
            return not (self._agree(one, other) or self._agree_in_scale(left, right))
        known = is_known(one.dimension) and is_known(other.dimension)
        if known and not (self._goes_on or one.is_bare or other.is_bare):
            return bool(one.value and other.value)
        if _has_variable(one.dimension) or _has_variable(other.dimension):
            return False
        if _counts_other_things(one.dimension, other.dimension):
            return False
        bare = [evaluate(side, self._language, with_units=False) for side in (left, right)]
        return not (self._agree(one, other) or self._agree(*bare) or _may_be_converted(*bare))

    def _agree_in_scale(self, left: str, right: str) -> bool:
        """Return whether the sides agree if both have the scale of one: 70 + 38 = 108 billion."""
        plain = [SCALE.sub("", side) for side in (left, right)]
        if (plain[0] == left) == (plain[1] == right):
            return False
        return self._agree(*(evaluate(side, self._language) for side in plain))

    def _agree(self, left: Quantity, right: Quantity) -> bool:
        error = abs(left.value - right.value)
        if error == 0 or (self._rounded and error <= ABOUT * abs(left.value)):
            return True
        # 10 ÷ 3 = 3.33 is rounded to the last place; 7 ÷ 2 = 3 is not.
        return right.step < 1 and right.step != 0 and error <= right.step / 2


def _is_calculation(text: str) -> bool:
    return bool(re.search(r"(?<=[\w%)°⁰¹²³⁴⁵⁶⁷⁸⁹½⅓⅔¼¾])\s*[+\-−–×·*÷/^]|\d[⁰¹²³⁴⁵⁶⁷⁸⁹]", text))


def _has_variable(dimension: Dimension) -> bool:
    return any(part[0] == "?" and len(part) == 2 for part, _ in dimension)


def _counts_other_things(left: Dimension, right: Dimension) -> bool:
    """Return whether the result counts other things than the calculation: boxes, not apples."""
    words = {part for part, _ in right if not is_known(((part, 1),))}
    return bool(words and left) and not words <= {part for part, _ in left}


def _may_be_converted(left: Quantity, right: Quantity) -> bool:
    """Return whether two numbers differ by a unit conversion factor, such as 60 or 1,000."""
    if not left.value or not right.value:
        return False
    ratio = abs(left.value / right.value)
    ratio = max(ratio, 1 / ratio)
    while ratio.denominator == 1 and ratio > 1 and ratio % 10 == 0:
        ratio /= 10
    return ratio == 1 or ratio in _CONVERSIONS
