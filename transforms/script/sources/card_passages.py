"""Splitter of a concept card into passages."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.script.cards.card import Band, Card
from transforms.script.cards.marks import remove_marks
from transforms.script.sources.passage import Passage


def card_passages(card: Card, band: Band) -> Iterator[Passage]:
    """Split the material of a card's band into passages, one for each part of a lesson."""
    works = "; ".join(", ".join(filter(None, (s.work, s.chapter))) for s in card.sources)
    source = f"{source_of(card.title)} ({works})"
    parts = [
        (band.definition.text,),
        band.facts.text,
        (band.process.intro, *band.process.steps),
        band.worked.text if band.worked else (),
        (card.misconception.claim, card.misconception.truth),
        tuple(f"{term.term}: {term.meaning}" for term in band.terms),
    ]
    for part in parts:
        if part:
            yield Passage(remove_marks(" ".join(part)), source)


def source_of(title: str) -> str:
    """Return the name by which a card stands in citations; its works follow."""
    return f"Concept card “{title}”"
