"""Check of degenerate text: repetitions, literal escapes and wrongly decoded characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from transforms.model import Script
from transforms.script.checks.script_texts import all_texts, spoken_texts
from transforms.script.engines.script_engine import Problem
from transforms.text.language import is_unspaced
from transforms.text.sentences import split_sentences

MOST_SENTENCES = 3
"""Times that one sentence of four words and more may stand in a lesson; a refrain may return."""

MOST_REPEATS = 6
"""Repetitions in a row from which a phrase is a problem."""

LEAST_VARIETY = 0.2
"""Different words over all words of a lesson of 150 words and more; good lessons have 0.35."""

LONGEST_PHRASE = 10
"""Words of the longest phrase that is looked for."""

_ESCAPE = re.compile(
    r"(?<=[\w.!?,;:])\\[nrt](?=\S)|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\U[0-9a-fA-F]{8}"
)
_LONE_ESCAPE = re.compile(r"(?<!\S)\\[nrt](?=\s|[A-Z]|$)|\\[\"']|&(?:amp|nbsp|quot|lt|gt|#\d+);")
"""Escapes that lessons on programming teach."""


def check_degeneration(script: Script) -> Sequence[Problem]:
    """Return a problem for each repetition, literal escape and wrongly decoded text."""
    found = [f"{each}; write the lesson anew" for each in _repetitions(script)]
    taught = script.subject == "computing"
    found += [
        f"{path}: {problem}"
        for path, text in all_texts(script)
        for problem in _character_faults(text, taught)
    ]
    return [Problem(text) for text in found]


class _Words(NamedTuple):
    """The words of a text, its sentences of four words and more, and whether words repeat."""

    words: tuple[str, ...]
    sentences: tuple[str, ...]
    repeats: bool


@lru_cache(maxsize=8192)  # lessons of cards share their texts
def _analyse(text: str, language: str) -> _Words:
    words = _words(text, language)
    sentences = (_words(each, language) for each in split_sentences(text))
    long = tuple(" ".join(each) for each in sentences if len(each) >= 4)
    return _Words(tuple(words), long, _repeats(words))


def _repetitions(script: Script) -> Iterator[str]:
    spoken = [(path, _analyse(text, script.language)) for path, text in spoken_texts(script)]
    for path, read in spoken:
        if read.repeats:
            yield f"{path}: repeats the same words again and again"
    sentences = Counter(sentence for _, read in spoken for sentence in read.sentences)
    if sentences and max(sentences.values()) > MOST_SENTENCES:
        yield f"a sentence stands {max(sentences.values())} times in the lesson"
    narrations = [_analyse(each.narration, script.language).words for each in script.scenes]
    narrations = [words for words in narrations if words]
    if len(set(narrations)) < len(narrations):
        yield "two scenes have the same narration"
    said = [word for _, read in spoken for word in read.words]
    if len(said) >= 150 and len(set(said)) < LEAST_VARIETY * len(said):
        yield "the lesson repeats few words"


def _repeats(words: Sequence[str]) -> bool:
    """Return whether a phrase repeats in a row too often; lone digits and letters may."""
    if max(Counter(words).values(), default=0) < MOST_REPEATS:
        return False
    for size in range(1, LONGEST_PHRASE + 1):
        run = 0
        for at in range(size, len(words)):
            run = run + 1 if words[at] == words[at - size] else 0
            if run >= size * (MOST_REPEATS - 1) and any(
                len(word) > 1 and word.isalpha() for word in words[at - size + 1 : at + 1]
            ):
                return True
    return False


@lru_cache(maxsize=8192)
def _character_faults(text: str, taught: bool) -> tuple[str, ...]:
    """Return the escape and decoding faults of a text; `taught` allows lone escapes."""
    found = []
    if _has_escape(text, taught):
        found.append("holds an escape sequence; write the character itself")
    if _is_garbled(text):
        found.append("holds wrongly decoded characters")
    return tuple(found)


def _has_escape(text: str, taught: bool) -> bool:
    if "\\" not in text and "&" not in text:
        return False
    return bool(_ESCAPE.search(text) or (not taught and _LONE_ESCAPE.search(text)))


def _is_garbled(text: str) -> bool:
    if text.isascii():
        return False
    from ftfy.badness import is_bad  # slow to import

    return "\N{REPLACEMENT CHARACTER}" in text or is_bad(text)


def _words(text: str, language: str) -> list[str]:
    """Split a text into words, or into character pairs in languages without spaces."""
    if is_unspaced(language):
        plain = "".join(filter(str.isalnum, text))
        return [plain[at : at + 2] for at in range(0, len(plain) - 1, 2)]
    return re.findall(r"\w+", text.casefold())
