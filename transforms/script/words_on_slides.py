"""Share of the spoken words of a lesson that also stand on its slides."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from transforms.model import Script
from transforms.script.cards.card import BandName, Card
from transforms.script.drawn_scenes import lessons_of
from transforms.script.matching.word_lists import FUNCTION
from transforms.script.matching.words import roots, words

MOST_ON_SLIDES = 0.2
"""Largest part of the spoken words that may stand on the slides of a lesson."""

SlideTexts = Callable[[Script], Iterable[tuple[str, Sequence[str]]]]
"""Returns what each scene says, and the texts that its slide shows below the heading."""


_IN_NUMBER = re.compile(r"(?<=\d)[.,](?=\d)")


@dataclass(frozen=True)
class SlideWords:
    """Counts of the scenes of a lesson.

    Attributes:
        spoken: words that are spoken.
        shown: those whose slide shows the same content word, in any form.
    """

    spoken: int
    shown: int

    @property
    def share(self) -> float:
        """Part of the spoken words that stands on the slides."""
        return self.shown / self.spoken if self.spoken else 0.0


def slide_words(slides: Iterable[tuple[str, Sequence[str]]]) -> SlideWords:
    """Return how many words are spoken, and how many of them stand on their slide.

    Function words, such as "the" and "of", stand on no slide: they repeat nothing.

    Args:
        slides: what each scene says, and the texts that its slide shows.
    """
    counts = [_count(narration, tuple(texts)) for narration, texts in slides]
    return SlideWords(sum(each.spoken for each in counts), sum(each.shown for each in counts))


def words_by_band(card: Card, slide_texts: SlideTexts) -> Mapping[BandName, SlideWords]:
    """Return the counts of each band, told with the analogy that puts most words on slides."""
    return {
        band: max(
            (slide_words(slide_texts(script)) for script in lessons_of(card, band)),
            key=lambda counts: counts.share,
        )
        for band in card.bands
    }


@lru_cache(maxsize=64)  # lessons of a card have most scenes in common
def _count(narration: str, texts: tuple[str, ...]) -> SlideWords:
    on_slide = {root for text in texts for root in _content(_words(text))}
    spoken = _words(narration)
    return SlideWords(len(spoken), sum(root in on_slide for root in _content(spoken)))


def _words(text: str) -> list[str]:
    """Return the words of a text; a number is one word."""
    return words(_IN_NUMBER.sub("", text))


def _content(found: list[str]) -> list[str]:
    """Return the roots of the words that carry content."""
    pairs = zip(found, roots(found), strict=True)
    return [root for word, root in pairs if word not in FUNCTION]
