"""Two right choices and wrong keys are found; different answers pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.every_row import for_all
from transforms.model import QuizQuestion, Script
from transforms.script.cards.concept_card import load_cards
from transforms.script.checks.quiz import check_quiz

LESSON = Script(
    title="t", hook="h", scenes=(), key_takeaways=(), quiz=(), topic="t", subject="maths",
    grade_level=8,
)  # fmt: skip


def severities(question: str, choices: tuple[str, ...], answer: int, explanation: str) -> list[str]:
    quiz = QuizQuestion(question, choices, answer, explanation)
    return [problem.severity for problem in check_quiz(replace(LESSON, quiz=(quiz,)))]


BLOCKED = [
    ("What is half of one?", ("0.5", "1/2", "2", "1"), 0, "Two halves make one."),
    ("What is half of one?", ("50 %", "0.25", "0.5", "2"), 2, "Two halves make one."),
    ("What is half of one?", ("one half", "1/2", "2", "1"), 0, "Two halves make one."),
    ("How long is it?", ("1 hour", "60 minutes", "2 hours", "1 day"), 0, "Look at the clock."),
    ("Where is it?", ("The nucleus", "nucleus.", "Cell wall", "Sap"), 0, "In the middle."),
    ("Which fraction equals 0.5?", ("1/2", "2/4", "1/3", "2/3"), 0, "Half."),
    ("What is 3 × 4?", ("7", "12", "34", "1"), 0, "Multiplication is repeated addition."),
    ("What is three times four?", ("7", "12", "34", "1"), 0, "It is repeated addition."),
    ("How far?", ("4 m", "5 m", "16 m", "80 m"), 0, "20 divided by 4 is 5."),
    ("How likely?", ("0.3", "0.5", "0.7", "1.3"), 0, "1 minus 0.3 is 0.7."),
    ("How many?", ("100", "1,000", "30", "300"), 0, "10 × 10 × 10 = 1,000"),
]
REPAIRED = [
    ("Which gas?", ("Oxygen", "Nitrogen", "Helium", "Neon"), 1, "The right answer is oxygen."),
    ("Which gas?", ("Oxygen", "Nitrogen", "Helium", "Neon"), 1, "Oxygen leaves the leaf."),
    ("Which gas?", ("Oxygen", "Nitrogen", "Helium", "Neon"), 1, "Nitrogen is wrong."),
    ("Which gas?", ("Oxygen", "Nitrogen", "Helium", "Neon"), 1, "A is correct, since it leaves."),
    ("Which gas?", ("Oxygen", "Nitrogen", "Helium", "Neon"), 1, "Answer: C. It is light."),
    ("How many pairs?", ("22", "23", "46", "92"), 0, "Human cells have 23 pairs."),
    (
        "¿Qué gas?",
        ("Oxígeno", "Nitrógeno", "Helio", "Neón"),
        1,
        "La respuesta correcta es oxígeno.",
    ),
]
PASSING = [
    ("How long?", ("5 m", "5 cm", "5 km", "5 mm"), 0, "It is as long as a bus."),
    ("What is 0.5 as a fraction?", ("1/2", "0.5", "50 %", "1/5"), 0, "Half is 1/2."),
    ("Who has more?", ("5 apples", "5 oranges", "6 apples", "None"), 0, "Count them."),
    ("How far?", ("4", "5", "16", "80"), 1, "Divide 20 N by the 4 kg of the ball."),
    ("What is left?", ("10", "16", "6", "2"), 0, "2 × 8 = 16, and 16 − 6 = 10."),
    ("Which gas?", ("Oxygen", "Nitrogen", "Helium", "Neon"), 0, "Oxygen, since nitrogen stays."),
    ("Which gas?", ("Oxygen", "Nitrogen", "Helium", "Neon"), 0, "Plants need no nitrogen gas, and "
     "neon is rare."),
    ("Which vitamin?", ("Vitamin C", "Vitamin D", "Iron", "Zinc"), 0, "Vitamin C, as in lemons."),
    ("After x = x + 2, what is x?", ("2", "5", "7", "An error"), 2, "5 plus 2 is 7."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "expected"), [(BLOCKED, ["block"]), (REPAIRED, ["repair"]), (PASSING, [])]
)
def test_questions_are_judged(rows, expected):
    wrong = {str(row): found for row in rows if (found := severities(*row)) != expected}
    assert wrong == {}


@for_all(load_cards().cards)
def test_questions_of_cards_pass(card) -> None:
    for quiz in card.quiz:
        assert severities(quiz.question, quiz.choices, quiz.answer, quiz.explanation) == []
