"""Check of the topic: lessons about another topic than the question's."""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache, lru_cache
from importlib.resources import files

from transforms.errors import PermanentError
from transforms.model import Script
from transforms.script.cards.concept_card import Card
from transforms.script.checks.script_check import Answered
from transforms.script.checks.script_texts import whole_text
from transforms.script.engines.script_engine import Problem
from transforms.script.matching.word_lists import FILLER
from transforms.script.matching.words import root, roots, words
from transforms.text.language import primary_subtag

LIKENESS = 0.85
"""Minimum similarity (0-1) of a word and its form or misspelling."""

BEGINNING = 5
"""Length of the prefix by which a word of a non-English question is found in a lesson."""

SAME_BEGINNING = 0.7
"""Minimum common prefix of a word and its form, as a share of the shorter one."""

LEAST_SHARE = 0.34
"""Minimum share of the question's words that a lesson uses."""

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


def check_topic(answered: Answered) -> Sequence[Problem]:
    """Return a problem if a lesson shares too few words with its question to answer it.

    If a concept card covers the question, its names count as words of the question. In other
    languages than English, a lesson has to have one of the question's words; where no list of words
    tells which of them matter, lessons are not judged.
    """
    script, request = answered.script, answered.request
    interest = request.interest or ""
    if primary_subtag(request.language) != "en":
        is_about_other = _misses_all(script, request.student_query, interest)
    else:
        is_about_other = request.student_query.isascii() and _is_about_other(
            script, request.student_query, interest
        )
    if not is_about_other:
        return []
    return [Problem("the lesson is about another topic than the question; answer the question")]


def _is_about_other(script: Script, query: str, interest: str) -> bool:
    """Return whether a lesson is on another topic than an English question."""
    asked = _content_words(query, interest)
    if not asked:
        return False
    card = _covering(query, interest)
    if card and _is_about(script, card):
        return False
    other = _covering(script.topic, "") if card else None
    return bool(other and card and other.id != card.id) or not _answers(script, asked)


def _misses_all(script: Script, query: str, interest: str) -> bool:
    """Return whether a lesson has no content word of a question that is in its language."""
    filler = _question_words().get(primary_subtag(script.language))
    if not filler:
        return False
    asked = re.findall(r"[a-z]+", _plain(query))
    # A question may be in English, though the lesson is not; words such as "was" are in both.
    is_in_language = sum(word in filler for word in asked) > sum(
        root(word) in FILLER for word in asked
    )
    content = {word for word in asked if len(word) >= 4 and word not in filler}
    content -= set(_plain(interest).split())
    if not content or not is_in_language:
        return False
    said = _plain(f"{_prominent(script)} {whole_text(script)}")
    return not any(word[:BEGINNING] in said for word in content)


def _plain(text: str) -> str:
    """Return a text in lower case without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


@cache
def _question_words() -> Mapping[str, frozenset[str]]:
    table = tomllib.loads((files(__package__) / "question_words.toml").read_text("utf-8"))
    return {language: frozenset(words.split()) for language, words in table.items()}


def _content_words(query: str, interest: str) -> set[str]:
    """Return the content words of a question, without those of the interest."""
    besides = set(_words(interest))
    asked = {word for word in _words(query) if word not in besides}
    return {word for word in asked if root(word) not in FILLER} or asked


def _answers(script: Script, asked: set[str]) -> bool:
    """Return whether a lesson's title has a word of the question, or its text enough words."""
    named = set(_stems(f"{script.title} {script.topic}"))
    if any(_stem(word) in named for word in asked if not word.isdecimal()):
        return True
    used = _main_stems(script)
    met = {word for word in asked if _stem(word) in used}
    if len(met) < LEAST_SHARE * len(asked):
        met |= {word for word in asked - met if any(_is_similar(word, other) for other in used)}
    return len(met) >= LEAST_SHARE * len(asked)


def _is_about(script: Script, card: Card) -> bool:
    """Return whether a lesson is on a card's topic, or has its name in a prominent text."""
    if script.topic == card.title:
        return True
    said = " ".join(roots(words(_prominent(script))))
    return any(f" {' '.join(roots(words(name)))} " in f" {said} " for name in card.names)


@lru_cache(maxsize=4096)
def _covering(question: str, interest: str) -> Card | None:
    """Return the concept card that covers a question, or None."""
    from transforms.script.matching.topics import load_topic_index

    try:
        return load_topic_index().resolve(question, interest)
    except PermanentError:
        return None


@lru_cache(maxsize=1024)
def _main_stems(script: Script) -> frozenset[str]:
    """Return the stems of words that are in prominent texts or occur more than once."""
    counts = Counter(_stems(whole_text(script)))
    again = (stem for stem in counts if counts[stem] > 1)
    return frozenset((*_stems(_prominent(script)), *again))


def _prominent(script: Script) -> str:
    headings = (script.title, script.topic, *(scene.heading for scene in script.scenes))
    return " ".join((*headings, script.hook, *script.key_takeaways))


def _stems(text: str) -> list[str]:
    return list(map(_stem, re.findall(r"[a-z0-9]+", text.casefold())))


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[a-z0-9]{2,}", text.casefold()) if word not in _FILLER]


def _is_similar(word: str, stem: str) -> bool:
    """Return whether a word is a form or a misspelling of a word with that stem."""
    word = _stem(word)
    if len(word) < 4 or len(stem) < 4 or word[0] != stem[0]:
        return False
    same = max(BEGINNING, math.ceil(SAME_BEGINNING * min(len(word), len(stem))))
    if len(word) >= same and word[:same] == stem[:same]:
        return True
    matcher = SequenceMatcher(None, word, stem)
    return matcher.quick_ratio() >= LIKENESS and matcher.ratio() >= LIKENESS


def _stem(word: str) -> str:
    return re.sub(r"(?:ations?|ating|ated|ates?|ing|ies|ied|es|ed|ly|ic|ical|s|y)$", "", word)
