"""Lessons of the shipped cards: reading level, difference of grades, and promised words."""

from __future__ import annotations

from dataclasses import replace

from tests.every_row import for_all
from tests.unit.script.cards.good_card import SOURCE, changed
from transforms.script.card_review import reading_grade, review, sameness
from transforms.script.cards.concept_card import Card, load_cards, parse_card
from transforms.script.drawn_scenes import lesson

CARDS = load_cards().cards


@for_all(CARDS)
def test_lessons_of_card_pass_review(card: Card) -> None:
    assert list(review(card)) == []


def test_grades_read_differently() -> None:
    """The readability table: a mean per grade over all cards."""
    levels = {
        grade: [reading_grade(lesson(card, grade)) for card in CARDS.values()] for grade in (6, 12)
    }
    means = {grade: sum(found) / len(found) for grade, found in levels.items()}
    assert means[6] + 1 <= means[12], means


def test_alias_that_no_lesson_says_is_found() -> None:
    card = parse_card(changed('"F = ma",', '"bubble sort",'), SOURCE)
    assert [key for key, _ in review(card)] == ["aliases.2", "aliases.2"]


def test_hard_text_is_found_at_its_grade() -> None:
    card = CARDS["newtons-second-law"]
    assert card.middle is not None
    hard = (
        "Acceleration constitutes a fundamentally proportional manifestation of instantaneous "
        "gravitational and electromagnetic interactions. "
    )
    facts = replace(card.middle.facts, text=tuple(hard + text for text in card.middle.facts.text))
    problems = dict(review(replace(card, middle=replace(card.middle, facts=facts))))
    assert "reads like grade" in problems["middle"]


def test_equal_bands_are_found() -> None:
    card = CARDS["newtons-second-law"]
    problems = dict(review(replace(card, high=card.middle)))
    assert "stand in the middle band too" in problems["high"]
    assert sameness(lesson(card, 6), lesson(card, 12)) <= 0.5


def test_lesson_beyond_the_limit_is_found() -> None:
    card = CARDS["newtons-second-law"]
    assert card.high is not None
    facts = replace(card.high.facts, text=tuple(f"{text} " * 3 for text in card.high.facts.text))
    problems = review(replace(card, high=replace(card.high, facts=facts)))
    assert any("a lesson has" in problem for _, problem in problems)
