"""Find questions of the quiz with two right choices, or with a key that is wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from transforms.model import QuizQuestion, Script
from transforms.script.checks.calculation import evaluate
from transforms.script.checks.quantities import NotUnderstood, Quantity
from transforms.script.engines.script_engine import Problem

_RESULT = re.compile(
    r"(?:=|\b(?:gives|equals|makes|is|are|ergibt|gleich|ist|es|da|est|donne))\s+([^\s=][^=;!?]*?)"
    r"(?=[.,;!?]?\s*$|[.;!?]\s|,\s)"
)
_QUESTION = re.compile(r"(?:what is|what's|cuánto es|was ist|combien font)\s+([^?]+)\?", re.I)


def check_quiz(script: Script) -> Sequence[Problem]:
    """Return what makes questions ambiguous or their keys wrong."""
    return [
        Problem(f"quiz.{at}: {problem}")
        for at, quiz in enumerate(script.quiz)
        for problem in _problems(quiz, script.language)
    ]


def _problems(quiz: QuizQuestion, language: str) -> Iterator[str]:
    values = [_value(choice, language) for choice in quiz.choices]
    same = Counter(
        value or _words(choice) for value, choice in zip(values, quiz.choices, strict=True)
    )
    if any(count > 1 for count in same.values()):
        yield "two choices are the same answer"
        return
    key = values[quiz.answer]
    if key is None or None in values:
        return
    asked = _QUESTION.search(quiz.question)
    result = _value(asked[1], language) if asked else None
    if result in values and result != key:
        yield "another choice than the answer is the result of the question"
        return
    stated = {_value(each, language) for each in _RESULT.findall(quiz.explanation)}
    others = {value for value in values if value != key}
    if key not in stated and stated & others:
        yield "the explanation leads to another choice than the answer"


def _value(text: str, language: str) -> Quantity | None:
    """Return the value of a choice that is a number with a unit; None for words."""
    try:
        found = evaluate(text.strip().rstrip("."), language)
    except NotUnderstood:
        return None
    return Quantity(found.value, found.dimension)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+|[^\w\s.,;!?]", text.casefold()))
