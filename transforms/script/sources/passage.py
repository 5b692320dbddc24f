"""Passage: a short text of a source, which an engine may cite by its number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """A text of a few sentences, with the name of its source for citations.

    Attributes:
        text: One line of plain text.
        source: The source, as students read it; several passages may share one.
    """

    text: str
    source: str
