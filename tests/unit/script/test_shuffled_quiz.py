"""Choices of quizzes are shuffled by a seed, and stay right."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.unit.script.support import request
from transforms.model import QuizQuestion
from transforms.script.cards.concept_card import load_cards
from transforms.script.engines.offline.compose import compose
from transforms.script.shuffled_quiz import shuffle_choices

LESSONS = [compose(card, request(), None) for card in load_cards().cards.values()]


def test_places_of_right_choices_are_even():
    places = Counter(
        quiz.answer
        for lesson in LESSONS
        for seed in range(20)
        for quiz in shuffle_choices(lesson, f"request {seed}").quiz
    )
    assert sorted(places) == [0, 1, 2, 3]
    assert all(0.22 < count / places.total() < 0.28 for count in places.values()), places


def test_right_choice_stays_right():
    for lesson in LESSONS:
        for before, after in zip(lesson.quiz, shuffle_choices(lesson, "s").quiz, strict=True):
            assert after.choices[after.answer] == before.choices[before.answer]
            assert sorted(after.choices) == sorted(before.choices)


def test_equal_seeds_give_equal_orders():
    assert shuffle_choices(LESSONS[0], "a") == shuffle_choices(LESSONS[0], "a")
    assert len({shuffle_choices(LESSONS[0], str(n)).quiz for n in range(9)}) > 1


@pytest.mark.parametrize(
    ("choices", "explanation"),
    [
        (("Light", "Water", "Air", "All of the above"), "It needs all three."),
        (("Light", "Water", "Both A and B", "Air"), "Both are needed."),
        (("Luz", "Agua", "Aire", "Ninguna de las anteriores"), "Nada de eso."),
        (("Light", "Water", "Air", "Soil"), "Option B is right."),
    ],
)
def test_choices_that_name_places_keep_their_order(choices, explanation):
    lesson = replace(LESSONS[0], quiz=(QuizQuestion("What?", choices, 2, explanation),))
    assert all(shuffle_choices(lesson, str(n)) == lesson for n in range(9))
