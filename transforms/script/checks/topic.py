"""Find lessons about another topic than the one asked for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from transforms.model import ContentRequest, Script
from transforms.script.checks.script_texts import whole_text
from transforms.script.engines.script_engine import Problem
from transforms.text.language import primary_subtag

LIKENESS = 0.85
"""Similarity (0-1) of two words from which one is a form or a misspelling of the other."""

LEAST_SHARE = 0.34
"""Part of the question's words that a lesson must use."""

_FILLER = frozenset(
    """
    a about all an and answer any are as at be because been before begin between biology both
    but by can chemistry class come could describe did difference do does during each example
    explain explanation five for from get give good grade had happen happened has have help
    history homework how i if important in information into is it its know learn lesson let like
    make makes math maths me mean means more most much my need of on or our out physics please
    question really school science short show simple so some start started store stores student
    students teach tell than that the their them then there these they thing things this those
    to understand us use used using very want was way we were what when where which while who
    why will with without work works would you your
    """.split()  # noqa: SIM905  (a list of two hundred strings is hard to read)
)
"""Words of questions that name no topic."""


def check_topic(script: Script, request: ContentRequest) -> Sequence[Problem]:
    """Return a problem if a lesson has hardly a word of the question besides the interest.

    Questions in another language than the lesson's are not judged.
    """
    if primary_subtag(request.language) != "en" or not request.student_query.isascii():
        return []
    interest = set(_words(request.interest or ""))
    asked = {word for word in _words(request.student_query) if word not in interest}
    if not asked:
        return []
    used = _used(script)
    met = {word for word in asked if _stem(word) in used}
    if len(met) < LEAST_SHARE * len(asked):
        met |= {word for word in asked - met if any(_alike(word, other) for other in used)}
    if len(met) >= LEAST_SHARE * len(asked):
        return []
    return [Problem("the lesson is about another topic than the question; answer the question")]


@lru_cache(maxsize=1024)
def _used(script: Script) -> frozenset[str]:
    """Return the stems of the words that a lesson is about: they are prominent or come again."""
    headings = (script.title, script.topic, *(scene.heading for scene in script.scenes))
    prominent = " ".join((*headings, script.hook, *script.key_takeaways))
    counts = Counter(_stems(whole_text(script)))
    return frozenset((*_stems(prominent), *(stem for stem in counts if counts[stem] > 1)))


def _stems(text: str) -> list[str]:
    return list(map(_stem, re.findall(r"[a-z0-9]+", text.casefold())))


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[a-z0-9]+", text.casefold()) if word not in _FILLER]


def _alike(word: str, stem: str) -> bool:
    """Return whether a word is another spelling of one with that stem."""
    word = _stem(word)
    if len(word) < 4 or len(stem) < 4 or word[0] != stem[0]:
        return False
    matcher = SequenceMatcher(None, word, stem)
    return matcher.quick_ratio() >= LIKENESS and matcher.ratio() >= LIKENESS


def _stem(word: str) -> str:
    return re.sub(r"(?:ations?|ating|ated|ates?|ing|ies|ied|es|ed|ly|ic|ical|s|y)$", "", word)
