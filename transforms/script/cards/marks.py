"""Parser of marks in narrated text: ``[[name]]``, the place at which a picture changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from transforms.text.sentences import split_sentences

MOST_MARKS = 2
"""Maximum marks of a sentence: a picture does at most two things at once."""

_MARK = re.compile(r"\[\[([a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)?)\]\]")


class Mark(NamedTuple):
    """A mark, with its name and its character offset in the sentence."""

    name: str
    at: int


class MarkedSentence(NamedTuple):
    """A sentence whose marks are removed from the text and listed beside it."""

    sentence: str
    marks: tuple[Mark, ...]


def remove_marks(text: str) -> str:
    """Remove the marks from a text, as it is spoken."""
    return _MARK.sub("", text)


def has_brackets(text: str) -> bool:
    """Return whether a text has ``[[`` or ``]]`` that is not part of a valid mark."""
    plain = remove_marks(text)
    return "[[" in plain or "]]" in plain


def split_marks(text: str) -> Iterator[MarkedSentence]:
    """Split a marked text into sentences, each with its marks.

    Args:
        text: one line without repeated spaces.
    """
    marks = []
    removed = 0
    for found in _MARK.finditer(text):
        marks.append(Mark(found[1], found.start() - removed))
        removed += len(found[0])
    plain, start = remove_marks(text), 0
    sentences = split_sentences(plain)
    for number, sentence in enumerate(sentences, 1):
        start = plain.index(sentence, start)
        end = start + len(sentence)
        last = number == len(sentences)
        own = [mark for mark in marks if mark.at < end or last]
        marks = marks[len(own) :]
        yield MarkedSentence(
            sentence, tuple(Mark(mark.name, max(0, mark.at - start)) for mark in own)
        )
        start = end
