"""A lesson is about the topic of its question, in whatever words that was asked."""

from __future__ import annotations

from tests.every_row import for_all
from tests.unit.script.checks.defects import request_for
from tests.unit.script.matching.test_topics import RESOLVES
from transforms.script.cards.concept_card import load_cards
from transforms.script.checks.script_check import Answered
from transforms.script.checks.topic import check_topic
from transforms.script.engines.offline.compose import compose

CARDS = load_cards().cards


@for_all(RESOLVES)
def test_lesson_of_matched_card_answers_question(question: str, card: str) -> None:
    request = request_for(question, 9)
    assert not check_topic(Answered(compose(CARDS[card], request, None), request))


@for_all(
    [
        ("newton's first law", "newtons-second-law"),
        ("what is meiosis", "mitosis"),
        ("Explain the civil rights movement", "american-civil-war"),
        ("the french revolution", "industrial-revolution"),
        ("graviti", "photosynthesis"),
        ("What is the history of football?", "civil-rights-movement"),
    ]
)
def test_lesson_of_other_card_is_found(question: str, card: str) -> None:
    request = request_for(question, 9)
    assert check_topic(Answered(compose(CARDS[card], request, None), request))
