"""The topic check accepts lessons on the question's topic and finds those on another."""

from __future__ import annotations

import pytest

from tests.every_row import for_all
from tests.unit.script.checks.defects import fixtures, request_for
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


FIXTURES = {"es-ES": "fotosintesis", "de-DE": "newton-zweites-gesetz"}


@pytest.mark.parametrize(
    ("question", "language", "is_answered"),
    [
        ("¿Qué es la fotosíntesis?", "es-ES", True),
        ("explícame cómo comen las plantas", "es-ES", True),
        ("fotosintesis", "es-ES", True),
        ("historia del fútbol", "es-ES", False),
        ("Explica la segunda ley de Newton", "es-ES", False),
        ("¿Cómo funciona el corazón?", "es-ES", False),
        ("what is photosynthesis", "es-ES", True),
        ("Was ist das zweite Newtonsche Gesetz?", "de-DE", True),
        ("Warum werden schwere Wagen langsamer schnell?", "de-DE", True),
        ("Beschleunigungskraft erklären", "de-DE", True),
        ("Geschichte des Fußballs", "de-DE", False),
        ("Wie funktioniert Fotosynthese?", "de-DE", False),
    ],
)
def test_topic_is_judged_in_other_languages(question: str, language: str, is_answered: bool):
    lesson = fixtures()[FIXTURES[language]]
    request = request_for(question, 9, language=language)
    assert bool(check_topic(Answered(lesson, request))) == (not is_answered)


@for_all(
    [
        ("bro explain dna like im 5", "dna-and-genes", ""),
        ("photosynthesis for soccer players", "photosynthesis", "soccer"),
        ("Hey, I missed class, can you tell me about the water cycle?", "water-cycle", ""),
        ("pythagorus therom", "pythagorean-theorem", ""),
        ("why did the great war start", "causes-of-world-war-i", ""),
        ("Explain how plants make food", "photosynthesis", "basketball"),
    ]
)
def test_rephrased_question_is_on_topic(question: str, card: str, interest: str) -> None:
    request = request_for(question, 9, interest)
    assert not check_topic(Answered(compose(CARDS[card], request, None), request))
