"""Check of the reading level: English lessons that read harder than their grade."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from transforms.model import Script
from transforms.script.checks.script_texts import spoken_texts
from transforms.script.engines.script_engine import Problem
from transforms.text.language import primary_subtag
from transforms.text.sentences import split_sentences

LEAST_GRADE = 4
"""The formula is not made for easier texts."""

MARGIN = 2.0
"""Grades that a text may be above the student's; the formula itself errs by about one and a half
(Kincaid et al., 1975)."""

LEAST_WORDS = 60

_EXPLAINED = re.compile(
    r"\b(?:called|known as|named|means that|is a|is an|are)\s+(?:the\s+|an?\s+)?([\w-]+)"
    r"|\b([\w-]+)(?:\s+is|\s+are|\s+means|,\s+or|,\s+which\s+is|\s+\()",
    re.I,
)
"""Pattern of a word that is explained, or explains another."""


def check_reading_level(script: Script) -> Sequence[Problem]:
    """Return a note if a lesson reads much harder than the requested grade."""
    grade = script.grade_level
    if primary_subtag(script.language) != "en" or grade < LEAST_GRADE:
        return []
    level = grade_of(*(each.text for each in spoken_texts(script)))
    if level is None or level <= grade + MARGIN:
        return []
    text = f"the lesson reads like grade {level:.0f}; use shorter words and sentences for {grade}"
    return [Problem(text, "note")]


def grade_of(*texts: str) -> float | None:
    """Return the joint Flesch-Kincaid grade of English texts; explained terms count one syllable.

    None if the texts are too short for a grade.
    """
    counts = [_count(text) for text in texts]
    words = sum((each.words for each in counts), Counter[str]())
    total = words.total()
    if total < LEAST_WORDS:
        return None
    explained = frozenset().union(*(each.explained for each in counts))
    syllables = sum(
        count if word in explained else count * _syllables(word) for word, count in words.items()
    )
    sentences = sum(each.sentences for each in counts)
    return 0.39 * total / sentences + 11.8 * syllables / total - 15.59


class _Counts(NamedTuple):
    words: Counter[str]
    sentences: int
    explained: frozenset[str]


@lru_cache(maxsize=8192)  # lessons of cards share their texts
def _count(text: str) -> _Counts:
    words = re.findall(r"[A-Za-z]+(?:['’-][A-Za-z]+)*", text)
    explained = (word.casefold() for pair in _EXPLAINED.findall(text) for word in pair if word)
    return _Counts(
        Counter(map(str.casefold, words)), len(split_sentences(text)), frozenset(explained)
    )


@cache
def _syllables(word: str) -> int:
    """Estimate the syllables of a word from its hyphenation and its groups of vowels."""
    vowels = re.findall(r"[aeiouy]+", word.casefold())
    silent = word.casefold().endswith("e") and not word.casefold().endswith("le")
    return max(1, len(_hyphens().positions(word.casefold())) + 1, len(vowels) - silent)


@cache
def _hyphens() -> Any:
    from pyphen import Pyphen

    return Pyphen(lang="en_US", left=1, right=1)
