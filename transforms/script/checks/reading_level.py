"""Find English lessons that read harder than their grade."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from transforms.model import Script
from transforms.script.checks.script_texts import whole_text
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
"""Where a word is explained, or explains another."""


def check_reading_level(script: Script) -> Sequence[Problem]:
    """Return the difference if a lesson reads much harder than the grade it was asked for."""
    grade = script.grade_level
    if primary_subtag(script.language) != "en" or grade < LEAST_GRADE:
        return []
    level = grade_of(whole_text(script))
    if level is None or level <= grade + MARGIN:
        return []
    text = f"the lesson reads like grade {level:.0f}; use shorter words and sentences for {grade}"
    return [Problem(text, "note")]


def grade_of(text: str) -> float | None:
    """Return the Flesch-Kincaid grade of an English text, explained terms left out.

    None if the text is too short for one.
    """
    explained = {word.casefold() for pair in _EXPLAINED.findall(text) for word in pair if word}
    sentences = split_sentences(text)
    words = re.findall(r"[A-Za-z]+(?:['’-][A-Za-z]+)*", text)
    if len(words) < LEAST_WORDS:
        return None
    syllables = sum(1 if word.casefold() in explained else _syllables(word) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


@cache
def _syllables(word: str) -> int:
    """Return the number of syllables: hyphens may not stand before a lone vowel, so a few less."""
    vowels = re.findall(r"[aeiouy]+", word.casefold())
    silent = word.casefold().endswith("e") and not word.casefold().endswith("le")
    return max(1, len(_hyphens().positions(word.casefold())) + 1, len(vowels) - silent)


@cache
def _hyphens() -> Any:
    from pyphen import Pyphen

    return Pyphen(lang="en_US", left=1, right=1)
