"""Check of the quiz: questions with two right choices or a wrong answer key."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from transforms.model import LETTERS, QuizQuestion, Script
from transforms.script.checks.arithmetic import with_signs
from transforms.script.checks.calculation import evaluate
from transforms.script.checks.quantities import NotUnderstood, Quantity
from transforms.script.checks.spelled_numbers import with_digits
from transforms.script.engines.script_engine import Problem

MOST_WORDS = 4
"""Maximum words of a choice that an explanation is expected to repeat."""

_RESULT = re.compile(
    r"(?:[=≈]|\b(?:about|roughly|leaves|(?<!down )(?<!up )to|costs?)\b)"
    r"\s*((?:[^=;!?,]|(?<=\d),(?=\d))*?)"
    r"(?=[.,](?!\d)|[;!?]|\s*=|$)"
)
_ASKED = re.compile(
    r"(?:what is|what's|how much is|calculate|cuánto es|was ist|wie viel ist|combien font)"
    r"\s+([^?]+)",
    re.I,
)
_FORM = re.compile(
    r"\b(?:fraction|decimal|percent\w*|writ\w+|form|notation|units?|simpl\w+|convert\w*|express\w*"
    r"|fracción|decimal\w*|porcentaje|escri\w+|bruch|dezimal\w*|schreib\w*|écri\w+|pourcentage)\b",
    re.I,
)
"""Words of questions in which equal values in other forms are different answers."""

_RIGHT = re.compile(
    r"(?:\b(?:right|correct|best|true) (?:answer|choice|option)(?: here)? is|\bso the answer is"
    r"|\banswer:|\brespuesta (?:correcta )?es|\brichtig(?:e Antwort)? ist|\bAntwort ist"
    r"|\bbonne réponse est)\s+[“\"'(]*(?:the |that |an? |el |la |die |der |das |le |l['’])?",
    re.I,
)
_WRONG = re.compile(
    r"^\W{0,2}\s*(?:is|are|would be|ist|es|est) (?:wrong|incorrect|falsch"
    r"|not (?:right|correct|true|the answer)|incorrect[oa]|faux)\b",
    re.I,
)
_LETTER = re.compile(
    r"\b(?i:choice|option|answer|opción|respuesta|antwort|réponse|choix)(?: is)?:?"
    r" \(?([A-J])\b(?!['’])"
    r"|(?:^|[.;] )\(?([A-J])\)? (?:is|ist|es|est) (?:right|correct|richtig|correct[oa]|juste)\b"
)
_NUMBER = re.compile(r"(?:\d[\d.,]*\d|\d)(?:\s?(?:%|percent\b))?")
_ARTICLES = set("the a an el la los las un una der die das le les".split())  # noqa: SIM905


def check_quiz(script: Script) -> Sequence[Problem]:
    """Return a problem for each ambiguous question and each wrong answer key.

    Where numbers decide it, the problem blocks; otherwise it is worth a repair.
    """
    found = []
    for at, quiz in enumerate(script.quiz):
        problem = _problem(quiz, script.language)
        if problem:
            found.append(Problem(f"quiz.{at}: {problem.text}", problem.severity))
    return found


@lru_cache(maxsize=1024)  # lessons of cards share their questions
def _problem(quiz: QuizQuestion, language: str) -> Problem | None:
    return _Question(quiz, language).problem()


class _Question:
    def __init__(self, quiz: QuizQuestion, language: str) -> None:
        self._quiz = quiz
        self._language = language
        self._values = [self._value(choice) for choice in quiz.choices]

    def problem(self) -> Problem | None:
        """Return the first problem of the question."""
        if self._has_two_right():
            return Problem("two choices are the same answer")
        if self._key is not None:
            if self._asks_for_other():
                return Problem("another choice than the answer is the result of the question")
            if self._leads_to_other():
                return Problem("the explanation leads to another choice than the answer")
        if self._names_other():
            return Problem("the explanation names another choice than the answer", "repair")
        return None

    def _has_two_right(self) -> bool:
        is_about_form = bool(_FORM.search(self._quiz.question))
        same = Counter(
            (value, _form(choice) if is_about_form else "") if value else (_words(choice), "")
            for value, choice in zip(self._values, self._quiz.choices, strict=True)
        )
        return max(same.values(), default=0) > 1

    def _asks_for_other(self) -> bool:
        asked = _ASKED.search(self._quiz.question)
        result = self._value(asked[1]) if asked else None
        return result is not None and result in self._values and result != self._key

    def _leads_to_other(self) -> bool:
        text = with_signs(with_digits(self._quiz.explanation, self._language))
        stated = {self._number(each) for each in _RESULT.findall(text)} - {None}
        others = {self._number(each) for each in self._others()}
        return self._number(self._quiz.choices[self._quiz.answer]) not in stated and bool(
            stated & others
        )

    def _names_other(self) -> bool:
        quiz, text = self._quiz, self._quiz.explanation
        named = [name for pair in _LETTER.findall(text) for name in pair if name]
        if named and LETTERS[quiz.answer] not in named:
            return True
        key, *others = (_words(each) for each in (quiz.choices[quiz.answer], *self._others()))
        for match in _RIGHT.finditer(text):
            said = f"{_words(text[match.end() : match.end() + 200])} "
            if any(said.startswith(f"{each} ") for each in others if each):
                return not said.startswith(f"{key} ")
        said = f" {_words(text)} "
        if key and f" {key} " in said:
            start = text.casefold().find(quiz.choices[quiz.answer].casefold())
            end = start + len(quiz.choices[quiz.answer])
            return start >= 0 and bool(_WRONG.match(text[end:]))
        return self._says_only_other(said) or self._has_only_other_number()

    def _says_only_other(self, said: str) -> bool:
        """Return whether the explanation quotes a wrong choice and no word of the key."""
        key = set(_words(self._quiz.choices[self._quiz.answer]).split())
        if any(f" {word[:5]}" in said for word in key if len(word) > 2):
            return False
        others = [each for each in self._others() if self._value(each) is None]
        whole = [each for each in map(_words, others) if each and f" {each} " in said]
        return len(whole) == 1 and len(whole[0].split()) <= MOST_WORDS and len(whole[0]) > 3

    def _has_only_other_number(self) -> bool:
        """Return whether the only number in the explanation is that of a wrong choice."""
        key = self._number(self._quiz.choices[self._quiz.answer])
        asked = self._numbers(self._quiz.question)
        said = self._numbers(self._quiz.explanation) - asked
        others = {self._number(each) for each in self._others()}
        return key is not None and key not in said | asked and len(said) == 1 and said <= others

    def _numbers(self, text: str) -> set[Fraction | None]:
        digits = with_digits(text, self._language)
        return {self._number(each) for each in _NUMBER.findall(digits)}

    def _number(self, text: str) -> Fraction | None:
        """Return the number of a choice, without its unit; None for words."""
        found = self._value(text, with_units=False)
        return found.value if found else None

    @property
    def _key(self) -> Quantity | None:
        return self._values[self._quiz.answer]

    def _others(self) -> list[str]:
        return [each for at, each in enumerate(self._quiz.choices) if at != self._quiz.answer]

    def _value(self, text: str, with_units: bool = True) -> Quantity | None:
        """Return the quantity that a choice states; None for words."""
        text = with_signs(with_digits(text.strip().rstrip("."), self._language))
        try:
            found = evaluate(text, self._language, with_units)
        except NotUnderstood:
            return None
        return Quantity(found.value, found.dimension)


def _form(text: str) -> str:
    """Return a text without its digits, which tells fractions, percentages and units apart."""
    return re.sub(r"[\d.,\s]", "", text)


def _words(text: str) -> str:
    words = re.findall(r"\w+|[^\w\s.,;:!?“”\"'()]", text.casefold())
    return " ".join(word for word in words if word not in _ARTICLES)
