"""Every lesson that can be composed: each card, grade and interest."""

from __future__ import annotations

import re
from itertools import product
from typing import get_args

import pytest

from tests.every_row import for_all
from tests.unit.script.support import request
from transforms.model import Script, VisualKind
from transforms.script.cards.concept_card import Card, load_cards
from transforms.script.engines.offline.compose import band_of_grade, compose
from transforms.script.matching.interests import INTERESTS

CARDS = load_cards().cards
EVERY_CARD = for_all(CARDS)
GRADES = (1, 8, 9, 10, 11, 16)  # the ends of each band: the words follow from it alone
SENTENCES = re.compile(r"(?<=[.?!])\s+")


def lesson(card: Card, grade: int, interest: str | None = None) -> Script:
    return compose(card, request(grade_level=grade), INTERESTS[interest] if interest else None)


@EVERY_CARD
def test_lesson_length_is_bounded_without_repeats(card: Card) -> None:
    for grade, interest in product(GRADES, (None, *INTERESTS)):
        script = lesson(card, grade, interest)
        assert 150 <= script.spoken_words <= 450, (grade, interest, script.spoken_words)
        told = [
            sentence
            for section in script.sections()
            for sentence in SENTENCES.split(section.narration)
        ]
        assert len(told) == len(set(told)), (grade, interest)
        headings = [section.heading for section in script.sections()]
        assert len(headings) == len(set(headings)), headings


@EVERY_CARD
def test_every_lesson_is_complete(card: Card) -> None:
    for grade, interest in product((5, 8, 9, 10, 11, 16), (None, "basketball", "swimming")):
        script = lesson(card, grade, interest)
        assert script.topic == card.title
        assert script.subject == card.subject
        assert script.grade_level == grade
        assert script.sources
        assert len(script.key_takeaways) == 3
        assert len(script.quiz) == 2
        assert len({question.question for question in script.quiz}) == 2
        assert len(script.scenes) >= 5
        for scene in script.scenes:
            assert scene.heading
            assert scene.bullets
            assert scene.visual.kind in get_args(VisualKind)
            if scene.visual.kind in ("quote", "definition", "worked"):
                assert scene.visual.text
            elif scene.visual.kind != "bullets":
                assert len(scene.visual.items) >= 2
        for question in script.quiz:
            assert 0 <= question.answer < len(question.choices) == 4


@EVERY_CARD
def test_advanced_facts_need_upper_grades(card: Card) -> None:
    advanced = [fact.text for fact in card.facts if fact.level == "advanced"]

    def told(grade: int) -> list[bool]:
        text = " ".join(scene.narration for scene in lesson(card, grade).scenes)
        return [fact in text for fact in advanced]

    low, high = card.grades
    if low <= 8:
        assert not any(told(1))
        assert not any(told(8))
    if high >= 9:
        assert told(max(low, 9))[0]
    if high >= 11:
        assert all(told(16))


def test_definition_follows_grade() -> None:
    card = CARDS["newtons-second-law"]
    assert card.definition.simple in lesson(card, 3).scenes[0].narration
    assert card.definition.simple in lesson(card, 8).scenes[0].narration
    assert card.definition.standard in lesson(card, 9).scenes[0].narration
    assert card.definition.standard in lesson(card, 14).scenes[0].narration


@pytest.mark.parametrize(
    ("grade", "band"),
    [(1, "middle"), (8, "middle"), (9, "high"), (10, "high"), (11, "senior"), (16, "senior")],
)
def test_grades_fall_into_bands(grade: int, band: str) -> None:
    assert band_of_grade(CARDS["newtons-second-law"], grade) == band


def test_grade_outside_range_counts_as_nearest() -> None:
    card = CARDS["fractions-and-percentages"]
    assert card.grades == (6, 10)
    assert band_of_grade(card, 16) == "high"


def test_quiz_difficulty_follows_grade() -> None:
    card = CARDS["newtons-second-law"]
    levels = {question.question: question.level for question in card.quiz}

    def asked(grade: int) -> list[str]:
        return [levels[question.question] for question in lesson(card, grade).quiz]

    assert asked(6) == ["core", "core"]
    assert asked(9) == ["core", "advanced"]
    assert asked(12) == ["core", "advanced"]
    assert lesson(card, 9).quiz[0] != lesson(card, 12).quiz[0]


def test_interest_with_analogy_shapes_lesson() -> None:
    card = CARDS["newtons-second-law"]
    script = lesson(card, 9, "basketball")
    told = " ".join(section.narration for section in script.sections())
    assert script.title == "Newton's second law for basketball fans"
    assert card.analogies["basketball"] in told
    assert card.analogies["general"] not in told
    assert script.hook.startswith(card.hook)
    assert "basketball" in script.hook


def test_interest_without_analogy_is_omitted() -> None:
    card = CARDS["newtons-second-law"]
    assert "swimming" not in card.analogies
    assert lesson(card, 9, "swimming") == lesson(card, 9)
    assert card.analogies["general"] in " ".join(s.narration for s in lesson(card, 9).scenes)


def test_every_kind_of_visual_has_its_content() -> None:
    kinds = {
        scene.visual.kind: scene for card in CARDS.values() for scene in lesson(card, 12).scenes
    }
    assert kinds.keys() >= {
        "bullets", "definition", "worked", "cycle", "steps", "process", "comparison", "plot",
        "quote",
    }  # fmt: skip
    assert all(item.count(" | ") == 1 for item in kinds["comparison"].visual.items)
    assert kinds["quote"].visual.text in kinds["quote"].narration


def test_bullets_match_visual() -> None:
    process = lesson(CARDS["newtons-second-law"], 9).scenes[2]
    assert process.bullets == process.visual.items
