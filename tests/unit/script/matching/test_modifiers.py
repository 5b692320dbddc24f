"""Generated questions: each name of each card with words that change its meaning, or do not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from transforms.errors import PermanentError
from transforms.script.cards.concept_card import load_cards
from transforms.script.matching.topics import load_topic_index
from transforms.script.matching.word_lists import FUNCTION
from transforms.script.matching.words import words

CARDS = load_cards().cards

CHANGING = (
    *("{} jokes", "{} film posters", "{} shirts for boys", "{} on netflix", "zombie {}"),
    *("gangster {}", "vegan {}", "{} in the marvel universe", "{} of my ex"),
)
"""Phrases with words that belong to no card."""

TURNING = ("grade {}", "class {}", "story {}", "{} of words", "{} and stories")
"""Phrases with words that are harmless where they do not modify a name."""

KEEPING = (
    *("explain {} plz", "bro what even is {}", "{} for dummies", "i have a quiz on {} tomorrow"),
    *("can u help me understand {}??", "{}, like im 5", "hola, explain {} por favor"),
    *("{} in simple words", "my teacher keeps talking about {} and i dont get it"),
)
"""Phrases with words of asking only."""

NAMES = {(card.id, name) for card in CARDS.values() for name in card.names}
NOUNS = {
    (card, name)
    for card, name in NAMES
    if not FUNCTION & set(words(name)) and not {"why", "how", "does", "is"} & set(words(name))
}
"""Names that are nouns; the others are whole questions or begin with an article."""


def ids(question: str) -> set[str]:
    try:
        return {card.id for card in load_topic_index().find(question)}
    except PermanentError:
        return set()


def asked(phrases: tuple[str, ...], names: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for card, name in sorted(names):
        for phrase in phrases:
            yield phrase.format(name), card


def test_thousands_of_questions_are_generated() -> None:
    assert len(CHANGING) * len(NAMES) >= 5000


@pytest.mark.parametrize("phrase", CHANGING)
def test_unknown_words_beside_names_are_refused(phrase: str) -> None:
    assert [question for question, _ in asked((phrase,), NAMES) if ids(question)] == []


@pytest.mark.parametrize("phrase", TURNING)
def test_words_that_modify_a_name_are_refused(phrase: str) -> None:
    assert [question for question, _ in asked((phrase,), NOUNS) if ids(question)] == []


@pytest.mark.parametrize("phrase", KEEPING)
def test_question_words_keep_the_topic(phrase: str) -> None:
    wrong = [q for q, card in asked((phrase,), NOUNS) if ids(q) != {card}]
    assert wrong == []
