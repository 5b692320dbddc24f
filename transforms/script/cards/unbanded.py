"""Reads cards that have no bands yet: both bands get the same material and general headings.

Delete this module, and its one use, when the last card has bands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_HEADINGS = {
    "definition": "The idea in brief",
    "facts": "Facts that belong to it",
    "analogy": "The same idea elsewhere",
    "misconception": "A mistake to avoid",
}


def has_bands(document: Mapping[str, Any]) -> bool:
    """Return whether a document is written with bands."""
    return "definition" not in document or "middle" in document or "high" in document


def with_bands(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a card without bands in the present format."""
    card = dict(document)
    definition, facts = card.pop("definition"), card.pop("facts")
    process, worked = dict(card.pop("process")), dict(card.pop("worked", {}))
    headings = dict(_HEADINGS)
    headings["process"] = process.pop("heading")
    if worked:
        headings["worked"] = worked.pop("heading")
    card["sources"] = [{"work": source} for source in card["sources"]]
    terms = card.pop("terms")
    for name, text, levels in (
        ("middle", definition["simple"], ("core",)),
        ("high", definition["standard"], ("core", "advanced")),
    ):
        told = [fact for level in levels for fact in facts if fact["level"] == level]
        band: dict[str, Any] = {
            "headings": headings,
            "definition": {"text": text, "bullets": definition["bullets"]},
            "facts": {
                "text": [fact["text"] for fact in told],
                "bullets": [fact["bullet"] for fact in told],
            },
            "process": process,
        }
        said = " ".join((text, *band["facts"]["text"], process["intro"], *process["steps"]))
        if name == "high":
            band["terms"] = [
                {
                    "term": term["term"],
                    "meaning": f"{term['term'][:1].upper()}{term['term'][1:]}: {term['meaning']}",
                }
                for term in terms
                if re.search(rf"(?<!\w){re.escape(term['term'])}(?:e?s)?(?!\w)", said, re.I)
            ]
        if worked:
            band["worked"] = worked
        card[name] = band
    return card
