"""The passages of a concept card."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.script.cards.card import Band, Card
from transforms.script.cards.marks import remove_marks
from transforms.script.sources.passage import Passage


def card_passages(card: Card, band: Band) -> Iterator[Passage]:
    """Yield the passages of a card for one band of grades: each part of a lesson is one."""
    works = "; ".join(", ".join(filter(None, (s.work, s.chapter))) for s in card.sources)
    source = f"Concept card “{card.title}” ({works})"
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
