"""Checks of the shipped cards: wording, formulas, names and sources."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from matplotlib.mathtext import MathTextParser

from tests.every_row import for_all
from tests.unit.script.cards.good_card import SOURCE, changed
from transforms.script.cards.concept_card import Card, Subject, load_cards, parse_card
from transforms.script.cards.wording import find_wording
from transforms.script.matching.interests import GENERAL, INTERESTS
from transforms.script.matching.topics import load_topic_index

CARDS = load_cards().cards
WORKED = {
    f"{card.id}.{name}": band.worked
    for card in CARDS.values()
    for name, band in card.bands.items()
    if band.worked
}
FORMULAS = {key: worked.formula for key, worked in WORKED.items() if worked.formula}
EVERY_CARD = for_all(CARDS)


def test_every_subject_has_cards() -> None:
    assert len(CARDS) >= 30
    assert {card.subject for card in CARDS.values()} == set(get_args(Subject))


@EVERY_CARD
def test_card_follows_the_wording_rules(card: Card) -> None:
    assert list(find_wording(card)) == []
    assert card.analogies.keys() <= {GENERAL, *INTERESTS}


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("while a full one barely moves?", "while a full one (or two) barely moves?", "hook"),
        ("We measure force in newtons.", "We measure force in N = kg.", "middle.facts.text.2"),
        ("Push the same cart", "push the same cart", "middle.facts.text.0"),
        ("First, list all the pushes", "First," + " so" * 29 + " list all", "middle.process.steps"),
        ("by its mass. In other", "by its mass; in other", "high.definition.text"),
        ('"Net force equals mass times acceleration."', '"It moves. It stops."', "takeaways.0"),
        ('"More mass: less change"', '"Force changes motion."', "middle.definition.bullets"),
        ('"More mass: less change"', '"' + "Force " * 11 + 'moves"', "middle.definition.bullets"),
        ('"More mass: less change"', '"More force: more change"', "middle.bullets"),
        ('"List the pushes and pulls"', '"' + "List " * 9 + 'them"', "middle.process.labels"),
        ("A net force changes how things move", "A force moves things.", "middle.headings"),
        ('meaning = "Mass means', 'meaning = "Mass means' + " so" * 25, "middle.terms.1.meaning"),
        ("soccer = ", "swimming = ", "analogies.soccer"),
        ("Picture a car that", "Picture a car" + " so" * 50 + " that", "analogies.general"),
        ("What happens to its acceleration?", "Tell what happens to it.", "quiz.0.question"),
        ("to its acceleration?", "to its" + " so" * 30 + "?", "quiz.0.question"),
    ],
)
def test_wording_rule_names_the_text(old: str, new: str, key: str) -> None:
    found = list(find_wording(parse_card(changed(old, new), SOURCE)))
    assert any(where.startswith(key) for where, _ in found), found


def test_two_equal_analogies_are_found() -> None:
    card = parse_card(changed("", ""), SOURCE)
    equal = replace(card, analogies={**card.analogies, "music": card.analogies["soccer"]})
    assert [key for key, _ in find_wording(equal)] == ["analogies"]


@for_all(FORMULAS)
def test_formula_parses_as_mathtext(formula: str) -> None:
    width, height, *_ = MathTextParser("path").parse(f"${formula}$")
    assert width > 0
    assert height > 0


@EVERY_CARD
def test_every_name_resolves_to_its_card(card: Card) -> None:
    index = load_topic_index()
    for name in card.names:
        assert index.resolve(name).id == card.id, name
        assert index.resolve(f"Explain {name.upper()} to me, please!").id == card.id, name


def test_correct_answers_are_spread_over_choices() -> None:
    answers = [question.answer for card in CARDS.values() for question in card.quiz]
    for place in range(4):
        assert answers.count(place) >= len(answers) / 12, f"too few correct answers at {place}"
