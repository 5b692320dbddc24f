"""Finder of a request's interest, in the question or in the declared interest."""

from __future__ import annotations

from transforms.model import ContentRequest
from transforms.script.cards.concept_card import Card
from transforms.script.matching.interests import Interest, find_interest
from transforms.script.matching.student_question import Beside, parse_student_question
from transforms.script.matching.words import root, roots, words


def asked_interest(request: ContentRequest, card: Card) -> Interest | None:
    """Return the interest that the question names, else the declared one.

    In "photosynthesis in plants" the plants belong to the topic.
    """
    return find_interest(" ".join(asides(request, card))) or find_interest(request.interest)


def asides(request: ContentRequest, card: Card) -> list[str]:
    """Return the words of a question's asides, without words that the card's text has."""
    told = set(roots(words(" ".join(card.texts()))))
    return [
        each.word
        for each in parse_student_question(request.student_query, request.interest).spoken
        if each.beside >= Beside.ASIDE
        or (each.beside is Beside.LOOSE and root(each.word) not in told)
    ]
