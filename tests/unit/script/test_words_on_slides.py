"""Most of what a lesson says does not stand on its slides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import pytest

from transforms.script.cards.card import Subject
from transforms.script.cards.concept_card import load_cards
from transforms.script.words_on_slides import (
    MOST_ON_SLIDES,
    SlideWords,
    slide_words,
    words_by_band,
)
from transforms.video.slide_texts import slide_texts


@pytest.mark.parametrize(
    ("narration", "texts", "counts"),
    [
        ("A net force pushes the cart.", (), (6, 0)),
        ("A net force pushes the cart.", ("net force", "the push"), (6, 3)),
        ("A net force pushes the cart.", ("A net force pushes the cart.",), (6, 4)),
        ("Forces add up, and each force has a size.", ("force",), (9, 2)),
        ("It costs 1,050 dollars, not 1.5.", ("1,629", "$1", "5 more"), (6, 0)),
    ],
    ids=["nothing", "labels", "sentence", "repeated", "numbers"],
)
def test_content_words_of_slide_are_counted(
    narration: str, texts: Sequence[str], counts: tuple[int, int]
) -> None:
    assert slide_words([(narration, texts)]) == SlideWords(*counts)


def test_words_count_only_on_their_own_slide() -> None:
    slides = [("The cart moves.", ("friction",)), ("Friction pulls.", ("cart",))]
    assert slide_words(slides) == SlideWords(5, 0)
    assert slide_words([]).share == 0


@pytest.mark.parametrize("subject", get_args(Subject))
def test_at_most_a_fifth_of_spoken_words_stands_on_slides(subject: str) -> None:
    cards = [card for card in load_cards().cards.values() if card.subject == subject]
    above = {
        (card.id, band): round(counts.share, 3)
        for card in cards
        for band, counts in words_by_band(card, slide_texts).items()
        if counts.share > MOST_ON_SLIDES
    }
    assert above == {}
