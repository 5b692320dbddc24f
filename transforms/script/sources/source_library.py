"""SourceLibrary: searches cards and an operator's folder for the passages of a request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from transforms.errors import ConfigurationFault, PermanentError
from transforms.model import ContentRequest
from transforms.process.singletons import process_singleton
from transforms.script.cards.card import HIGHEST_MIDDLE_GRADE
from transforms.script.cards.concept_card import load_cards
from transforms.script.matching.topics import load_topic_index
from transforms.script.sources.card_passages import card_passages, source_of
from transforms.script.sources.markdown_folder import SourcesError, read_folder
from transforms.script.sources.passage import Passage
from transforms.script.sources.ranking import Ranked, Ranking

MOST_PASSAGES = 8
MOST_CHARACTERS = 5_000
"""Characters of all passages of a prompt, about 1,300 tokens."""

LEAST_COVERAGE = 0.5
"""Part of the question's words, rare ones weighing more, that a passage and its headings hold."""

LEAST_SHARE = 0.35
"""Part of the best passage's score that another one needs."""

COVERING_CARD = 1.1
"""Factor of the score of passages of a card that covers the question.

Words alone find "The causes of World War I" as well as "World War I".
"""

_GRADES = (HIGHEST_MIDDLE_GRADE, HIGHEST_MIDDLE_GRADE + 1)
"""A grade of each band of the cards."""


class SourceLibrary:
    """Searchable passages of cards and a folder; reading a large folder takes some seconds.

    Args:
        folder: Folder of Markdown files; None for the cards alone.

    Raises:
        SourcesError: The folder cannot be used.
    """

    def __init__(self, folder: str | None) -> None:
        own = read_folder(Path(folder)) if folder else []
        middle, high = (dict(_of_cards(grade)) for grade in _GRADES)
        found = dict(own) | middle | high
        self._passages = list(found)
        self._only_middle, self._only_high = middle.keys() - high, high.keys() - middle
        self._ranking = Ranking(list(found.values()))
        self.count = len(own)
        """Number of passages in the folder."""

    def find(self, request: ContentRequest) -> tuple[Passage, ...]:
        """Search the passages on a question's topic; return the best first, or none."""
        is_middle = request.grade_level <= HIGHEST_MIDDLE_GRADE
        unfit = self._only_high if is_middle else self._only_middle
        chosen: list[Passage] = []
        best, size = 0.0, 0
        for ranked in self._search(request.student_query):
            passage = self._passages[ranked.at]
            if ranked.coverage < LEAST_COVERAGE or passage in unfit:
                continue
            best = best or ranked.score
            size += len(passage.text)
            if ranked.score < LEAST_SHARE * best or size > MOST_CHARACTERS:
                break
            chosen.append(passage)
            if len(chosen) == MOST_PASSAGES:
                break
        return tuple(chosen)

    def _search(self, question: str) -> list[Ranked]:
        """Search the passages; return the best first, those of covering cards a little ahead."""
        starts = tuple(map(source_of, _covering_cards(question)))

        def boosted(ranked: Ranked) -> Ranked:
            covers = self._passages[ranked.at].source.startswith(starts)
            return ranked._replace(score=ranked.score * COVERING_CARD) if covers else ranked

        found = map(boosted, self._ranking.search(question))
        return sorted(found, key=lambda ranked: (-ranked.score, ranked.at))


def shared_library(folder: str | None) -> SourceLibrary:
    """Return the library of a folder; it is read once per process.

    Raises:
        ConfigurationFault: The folder cannot be used.
    """
    try:
        return process_singleton(SourceLibrary, folder)
    except SourcesError as error:
        raise ConfigurationFault("--sources", str(error)) from error


def _covering_cards(question: str) -> list[str]:
    """Return the titles of the cards that cover a question; none if it is refused."""
    try:
        return [card.title for card in load_topic_index().find(question)]
    except PermanentError:
        return []


def _of_cards(grade: int) -> Iterator[tuple[Passage, str]]:
    """Yield the passages of all cards for a grade, each with the text to search it by."""
    for card in load_cards().cards.values():
        for passage in card_passages(card, card.bands[card.band_of_grade(grade)]):
            yield passage, f"{' '.join(card.names)} {passage.text}"
