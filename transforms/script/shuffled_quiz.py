"""Shuffler of quiz choices, since models place the right choice unevenly."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from transforms.model import QuizQuestion, Script

_OTHER_CHOICES = re.compile(
    r"\b(?:above|below|all of (?:the|these)|none of (?:the|these)|both of|neither of|anteriores"
    r"|ninguna de|ninguno de|las dos|(?:alle|keine?) (?:der )?(?:genannten|antworten|davon)"
    r"|beide|ci-dessus|toutes les|aucune de|les deux)\b"
    r"|\b[A-D]\b\s*(?:,|and|or|y|o|und|oder|et|ou)\s*[A-D]\b",
    re.I,
)
_LETTER = re.compile(
    r"\b(?:choice|option|answer|opción|respuesta|antwort|réponse|choix)\s+\(?[A-D]\b", re.I
)


def shuffle_choices(script: Script, seed: str) -> Script:
    """Shuffle the choices of each question of a script, by a seed.

    Choices that name one another by place, such as "all of the above", keep their order.
    """
    return replace(
        script,
        quiz=tuple(_shuffled(quiz, f"{seed}/{at}") for at, quiz in enumerate(script.quiz)),
    )


def _shuffled(quiz: QuizQuestion, seed: str) -> QuizQuestion:
    if any(map(_OTHER_CHOICES.search, quiz.choices)) or _LETTER.search(quiz.explanation):
        return quiz
    order = sorted(range(len(quiz.choices)), key=lambda at: _digest(f"{seed}/{at}"))
    choices = tuple(quiz.choices[at] for at in order)
    return replace(quiz, choices=choices, answer=order.index(quiz.answer))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
