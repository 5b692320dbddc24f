"""Checks of the shipped cards: spoken text, bullets, quiz, formulas, names and sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from matplotlib.mathtext import MathTextParser

from tests.every_row import for_all
from transforms.script.cards.concept_card import Card, Subject, load_cards
from transforms.script.matching.interests import GENERAL, INTERESTS
from transforms.script.matching.topics import load_topic_index

CARDS = load_cards().cards
FORMULAS = {
    card.id: card.worked.formula for card in CARDS.values() if card.worked and card.worked.formula
}
EVERY_CARD = for_all(CARDS)
SENTENCES = re.compile(r"(?<=[.?!])\s+")
UNSPEAKABLE = re.compile(r"[=×→%²³/&#*_`<>|(){}\[\]\\^~$+…;]|--|\bhttps?\b")
REQUIRED_INTERESTS = {GENERAL, "basketball", "soccer", "music", "cooking", "gaming"}


def spoken(card: Card) -> Iterator[tuple[str, str]]:
    """Yield every spoken text of a card with its key."""
    yield "hook", card.hook
    yield "definition.simple", card.definition.simple
    yield "definition.standard", card.definition.standard
    for i, fact in enumerate(card.facts):
        yield f"facts.{i}.text", fact.text
    yield "process.intro", card.process.intro
    for i, step in enumerate(card.process.steps):
        yield f"process.steps.{i}", step
    for i, text in enumerate(card.worked.text if card.worked else ()):
        yield f"worked.text.{i}", text
    yield "misconception.claim", card.misconception.claim
    yield "misconception.truth", card.misconception.truth
    for interest, analogy in card.analogies.items():
        yield f"analogies.{interest}", analogy
    for i, takeaway in enumerate(card.takeaways):
        yield f"takeaways.{i}", takeaway
    for i, term in enumerate(card.terms):
        yield f"terms.{i}", f"{term.term[0].upper()}{term.term[1:]}: {term.meaning}"


def shown(card: Card) -> Iterator[tuple[str, str]]:
    """Yield every bullet of a card with its key."""
    for i, bullet in enumerate(card.definition.bullets):
        yield f"definition.bullets.{i}", bullet
    for i, fact in enumerate(card.facts):
        yield f"facts.{i}.bullet", fact.bullet
    for i, bullet in enumerate(card.worked.bullets if card.worked else ()):
        yield f"worked.bullets.{i}", bullet
    for i, bullet in enumerate(card.misconception.bullets):
        yield f"misconception.bullets.{i}", bullet


def count(text: str) -> int:
    """Count words, without the operators of "2 + 3 = 5"."""
    return sum(any(c.isalnum() for c in word) for word in text.split())


def test_every_subject_has_cards() -> None:
    assert len(CARDS) >= 30
    assert {card.subject for card in CARDS.values()} == set(get_args(Subject))


@EVERY_CARD
def test_spoken_text_is_plain_sentences(card: Card) -> None:
    for key, text in spoken(card):
        assert not UNSPEAKABLE.search(text), (key, text)
        assert text[0].isupper() or text[0].isdigit(), (key, text)
        assert text[-1] in ".?!", (key, text)
        for sentence in SENTENCES.split(text):
            assert count(sentence) <= 28, (key, count(sentence), sentence)


@EVERY_CARD
def test_spoken_text_keeps_length_limits(card: Card) -> None:
    assert count(card.hook) <= 40
    for interest, analogy in card.analogies.items():
        assert 20 <= count(analogy) <= 70, (interest, count(analogy))
        assert 2 <= len(SENTENCES.split(analogy)) <= 4, interest
    for takeaway in card.takeaways:
        assert count(takeaway) <= 20, takeaway
        assert len(SENTENCES.split(takeaway)) == 1, takeaway
    for term in card.terms:
        assert count(term.meaning) <= 18, term


@EVERY_CARD
def test_bullets_fit_a_slide(card: Card) -> None:
    for key, bullet in shown(card):
        assert len(bullet) <= 60, (key, len(bullet), bullet)
        assert count(bullet) <= 10, (key, bullet)
        assert not bullet.endswith("."), (key, bullet)
    widest = 60 if card.process.kind == "comparison" else 40
    for label in card.process.labels:
        assert len(label) <= widest, label


@EVERY_CARD
def test_bullets_of_a_card_differ(card: Card) -> None:
    bullets = [bullet for _, bullet in shown(card)]
    assert len(bullets) == len(set(bullets))


@EVERY_CARD
def test_common_interests_have_analogies(card: Card) -> None:
    assert card.analogies.keys() >= REQUIRED_INTERESTS
    assert len(card.analogies) > len(REQUIRED_INTERESTS)
    assert card.analogies.keys() <= {GENERAL, *INTERESTS}
    assert len(set(card.analogies.values())) == len(card.analogies)


@EVERY_CARD
def test_quiz_texts_keep_length_limits(card: Card) -> None:
    for question in card.quiz:
        assert count(question.question) <= 30, question
        assert count(question.explanation) <= 35, question
        assert all(count(choice) <= 12 for choice in question.choices), question
        assert question.question.endswith("?"), question
        assert question.explanation.endswith("."), question


@for_all(FORMULAS)
def test_formula_parses_as_mathtext(formula: str) -> None:
    width, height, *_ = MathTextParser("path").parse(f"${formula}$")
    assert width > 0
    assert height > 0


@EVERY_CARD
def test_plot_rows_are_labelled_numbers(card: Card) -> None:
    if card.worked is not None and card.worked.plot:
        assert card.worked.plot_caption
        assert 2 <= len(card.worked.plot) <= 8
        for row in card.worked.plot:
            label, _, number = row.rpartition(": ")
            assert label, row
            float(number)


@EVERY_CARD
def test_every_name_resolves_to_its_card(card: Card) -> None:
    index = load_topic_index()
    for name in card.names:
        assert index.resolve(name).id == card.id, name
        assert index.resolve(f"Explain {name.upper()} to me, please!").id == card.id, name


@EVERY_CARD
def test_sources_have_titles_not_addresses(card: Card) -> None:
    for source in card.sources:
        assert "http" not in source
        assert count(source) >= 2


def test_correct_answers_are_spread_over_choices() -> None:
    answers = [question.answer for card in CARDS.values() for question in card.quiz]
    for place in range(4):
        assert answers.count(place) >= len(answers) / 12, f"too few correct answers at {place}"
