"""Shared questions: requests with equal topic, band, interest and language share a lesson.

A question is shared if concept cards cover it and its interest is a listed one. The lesson is then
written from a request of no student, which holds titles of cards, the level of a grade band and the
phrase of an interest, and none of the student's words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from transforms.crisis.phrases import find_care
from transforms.errors import PermanentError
from transforms.model import ContentRequest
from transforms.model.grade_bands import GradeBand, band_of
from transforms.script.cards.concept_card import Card
from transforms.script.matching.interests import GENERAL

_LANGUAGE = re.compile("en(-[A-Z]{2})?")
"""Language tags of shared questions: nothing that a publisher can write freely."""


@dataclass(frozen=True)
class SharedQuestion:
    """A question that several requests share, and the request that its lesson is written from.

    Attributes:
        topic: Ids of its cards, joined by ``+``.
        band: The grades of its students.
        request: The request to write the lesson from; it has no id and no student.
    """

    topic: str
    band: GradeBand
    request: ContentRequest

    @property
    def key(self) -> tuple[str, int, str, str]:
        """Topic, lowest grade, interest and language; equal keys share a lesson."""
        return self.topic, self.band.lowest, self.request.interest, self.request.language


def shared_question(request: ContentRequest) -> SharedQuestion | None:
    """Return the shared question of a request, or None if its lesson is for this request alone.

    Requests whose words may show that the student needs care are never shared.
    """
    if not request.share or not _LANGUAGE.fullmatch(request.language):
        return None
    asked = request.student_query, request.interest
    found = _found(*asked, band_of(request.grade_level), request.language)
    return None if found is None or find_care(asked) else found


@lru_cache(maxsize=4096)
def _found(query: str, interest: str, band: GradeBand, language: str) -> SharedQuestion | None:
    try:
        from transforms.script.matching.topics import load_topic_index
    except ImportError:  # RapidFuzz comes with the extra `local`
        return None
    find = load_topic_index().find
    try:
        cards = find(query, interest)
        shown = _interest(query, interest, cards)
        if shown is None:
            return None
        first, *second = (card.title for card in cards)
        question = f"Compare {first} and {second[0]}" if second else f"Explain {first}"
        if find(question, shown) != cards or _interest(question, shown, cards) != shown:
            return None
    except PermanentError:
        return None
    request = ContentRequest(
        request_id="",
        student_id="",
        student_query=question,
        grade_level=band.written_for,
        correlation_id="",
        interest=shown,
        language=language,
    )
    return SharedQuestion("+".join(card.id for card in cards), band, request)


def _interest(query: str, interest: str, cards: tuple[Card, ...]) -> str | None:
    """Return the phrase of a listed interest; `GENERAL` for none, None for an unlisted one."""
    from transforms.script.matching.asked_interest import asides
    from transforms.script.matching.interests import find_interest
    from transforms.script.matching.word_lists import FILLER
    from transforms.script.matching.words import root, roots, words

    declared = find_interest(interest)
    if declared is None and interest.strip().casefold() != GENERAL:
        return None
    named, beside = None, []
    for card in cards:
        request = ContentRequest("", "", query, 1, "", interest)
        beside = [word for word in asides(request, card) if word not in words(interest)]
        named = find_interest(" ".join(beside))
    named_by = {root for card in cards for name in card.names for root in roots(words(name))}
    if named is None and any(root(word) not in FILLER | named_by for word in beside):
        return None
    found = named or declared
    return found.fans if found else GENERAL
