"""Tests of matching questions with cards: the correct card, or a refusal."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.every_row import for_all
from transforms.errors import PermanentError
from transforms.script.cards.concept_card import load_cards
from transforms.script.matching.topics import TopicIndex, load_topic_index

QUESTIONS = tomllib.loads(Path(__file__).with_name("questions.toml").read_text("utf-8"))
CARDS = load_cards().cards
RESOLVES = [(q, card) for card, asked in QUESTIONS["resolves"].items() for q in asked]
COMPARES = [(q, pair) for pair, asked in QUESTIONS["compares"].items() for q in asked]
REFUSED = [q for asked in QUESTIONS["refused"].values() for q in asked]
REFUSED_WITH_INTEREST = [tuple(row) for row in QUESTIONS["refused_with_interest"]["names"]]


def test_every_card_has_questions() -> None:
    assert len(RESOLVES) >= 300
    assert len(REFUSED) >= 90
    assert QUESTIONS["resolves"].keys() == CARDS.keys()


@for_all(RESOLVES)
def test_question_resolves_to_its_card(question: str, card: str) -> None:
    assert load_topic_index().resolve(question).id == card


@for_all(COMPARES)
def test_question_about_two_topics_finds_both(question: str, pair: str) -> None:
    assert {card.id for card in load_topic_index().find(question)} == set(pair.split())


def test_compared_topics_keep_their_order() -> None:
    index = load_topic_index()
    assert [card.id for card in index.find("mitosis vs meiosis")] == ["mitosis", "meiosis"]
    assert [card.id for card in index.find("meiosis vs mitosis")] == ["meiosis", "mitosis"]


@for_all(REFUSED_WITH_INTEREST)
def test_interest_that_changes_meaning_is_refused(question: str, interest: str) -> None:
    with pytest.raises(PermanentError):
        load_topic_index().find(question, interest)


@for_all(REFUSED)
def test_refusal_names_one_to_three_topics(question: str) -> None:
    with pytest.raises(PermanentError) as caught:
        load_topic_index().find(question)
    titles = [card.title for card in CARDS.values() if f"“{card.title}”" in str(caught.value)]
    assert 1 <= len(titles) <= 3


@pytest.mark.parametrize(
    ("question", "nearest"),
    [
        ("newton's fourth law", "Newton's second law"),
        ("photosynthesis recipes", "Photosynthesis"),
        ("why do leaves turn red", "Photosynthesis"),
        ("what is a denominator", "Fractions and percentages"),
        ("mitosis, meiosis", "Mitosis"),
        ("mitosis, meiosis", "Meiosis"),
    ],
)
def test_refusal_names_the_nearest_topic(question: str, nearest: str) -> None:
    with pytest.raises(PermanentError, match=nearest):
        load_topic_index().resolve(question)


@pytest.mark.parametrize(
    "question",
    ["photosynthesis and supply and demand", "mitosis vs meiosis vs osmosis", "mitosis, meiosis"],
)
def test_topics_that_do_not_compare_are_refused(question: str) -> None:
    with pytest.raises(PermanentError, match="more than one topic"):
        load_topic_index().find(question)


@pytest.mark.parametrize("question", ["<b>gravity movie</b>", "gravity movie {0} %s \x1b[31m"])
def test_refusal_does_not_repeat_the_question(question: str) -> None:
    with pytest.raises(PermanentError) as caught:
        load_topic_index().resolve(question)
    assert "movie" not in str(caught.value)
    assert "<" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_question_may_contain_declared_interest() -> None:
    index = load_topic_index()
    with pytest.raises(PermanentError):
        index.resolve("newton's third law kayaking")
    assert index.resolve("newton's third law kayaking", "kayaking").id == ("newtons-third-law")


def test_interest_alone_is_refused() -> None:
    with pytest.raises(PermanentError):
        load_topic_index().resolve("basketball", "photosynthesis")


@for_all(CARDS)
def test_names_are_found_in_small_talk(card) -> None:
    index = load_topic_index()
    for name in card.names:
        for question in (
            f"hey can u plz explain {name} to me??",
            f"Explain {name} for basketball fans",
            f"I have a test on {name} tomorrow!",
            f"{name.upper()} (for 8th grade)",
        ):
            assert index.resolve(question).id == card.id, question


LONG_WORDS = sorted(
    (card.title, card.id)
    for card in CARDS.values()
    if card.title.isalpha() and len(card.title) >= 8
)


@given(st.sampled_from(LONG_WORDS), st.data())
def test_one_typo_is_corrected(named: tuple[str, str], data) -> None:
    title, card = named
    at = data.draw(st.integers(1, len(title) - 2))
    typo = data.draw(st.sampled_from(["drop", "double", "swap"]))
    typed = {
        "drop": title[:at] + title[at + 1 :],
        "double": title[:at] + title[at] + title[at:],
        "swap": title[:at] + title[at + 1] + title[at] + title[at + 2 :],
    }[typo]
    assert load_topic_index().resolve(f"what is {typed}").id == card


@given(st.text(max_size=2_000), st.text(max_size=100))
def test_any_text_is_resolved_or_refused(query: str, interest: str) -> None:
    with suppress(PermanentError):
        assert {card.id for card in load_topic_index().find(query, interest)} <= CARDS.keys()


NUMBERED = ("newton's", "second", "third", "law", "of", "motion", "2", "vs", "mitosis", "meiosis")


@given(st.lists(st.sampled_from(NUMBERED), max_size=8))
def test_ordinals_are_not_confused(chosen: list[str]) -> None:
    """No mix of words with "third" but not "second" resolves to the second law."""
    query = " ".join(chosen)
    try:
        card = load_topic_index().resolve(query)
    except PermanentError:
        return
    if card.id == "newtons-second-law":
        assert {"second", "2"} & set(chosen)
        assert "third" not in chosen
    elif card.id == "newtons-third-law":
        assert "third" in chosen
        assert "second" not in chosen
    else:
        assert card.id in chosen
        assert not {"mitosis", "meiosis"} <= set(chosen)


def test_very_long_question_is_refused() -> None:
    with pytest.raises(PermanentError):
        load_topic_index().resolve("photosynthesiz " * 130)


def test_cards_sharing_a_name_are_refused() -> None:
    one, two = CARDS["mitosis"], CARDS["meiosis"]
    stolen = replace(two, aliases=(*two.aliases, "what is the MITOSIS?"))
    with pytest.raises(ValueError, match="names both mitosis and meiosis"):
        TopicIndex([one, stolen])


def test_name_of_function_words_is_refused() -> None:
    nameless = replace(CARDS["mitosis"], aliases=("what is it",))
    with pytest.raises(ValueError, match="'what is it' names no topic"):
        TopicIndex([nameless])


def test_english_word_is_not_corrected() -> None:
    cards = [CARDS["fractions-and-percentages"]]
    assert TopicIndex(cards).resolve("fractoin").id == "fractions-and-percentages"
    with pytest.raises(PermanentError):
        TopicIndex(cards, frozenset({"fractoin"})).resolve("fractoin")
