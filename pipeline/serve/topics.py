"""Topics that the offline engine can teach: chips, completion, and what to ask instead."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from transforms.script.cards.concept_card import load_cards
from transforms.script.matching.interests import INTERESTS

CHIPS = (
    "photosynthesis", "newtons-second-law", "supply-and-demand", "plate-tectonics",
    "pythagorean-theorem", "natural-selection", "fractions-and-percentages", "sorting-algorithms",
)  # fmt: skip
"""Cards that are shown first; those that do not exist are left out."""

_QUOTED = re.compile("“([^”]+)”")


@cache
def by_subject() -> Mapping[str, Sequence[str]]:
    """Return the titles of all topics, sorted, by subject."""
    subjects: dict[str, list[str]] = {}
    for card in load_cards().cards.values():
        subjects.setdefault(card.subject.replace("-", " "), []).append(card.title)
    return {subject: sorted(subjects[subject]) for subject in sorted(subjects)}


@cache
def titles() -> Sequence[str]:
    """Return the titles of all topics, sorted."""
    return sorted(title for group in by_subject().values() for title in group)


@cache
def chips() -> Sequence[str]:
    """Return the titles of the topics that the page suggests: one or two of each subject."""
    cards = load_cards().cards
    chosen = [cards[name].title for name in CHIPS if name in cards]
    return chosen or [group[0] for group in by_subject().values()]


@cache
def interests() -> Sequence[str]:
    """Return the interests that lessons have analogies for."""
    return sorted(INTERESTS)


def named_in(error: str | None) -> list[str]:
    """Return the topics that a refusal of the offline engine suggests."""
    known = set(titles())
    return [title for title in _QUOTED.findall(error or "") if title in known]
