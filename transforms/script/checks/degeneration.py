"""Find texts that have got out of hand: repetitions, literal escapes and wrongly decoded text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ftfy.badness import is_bad

from transforms.model import Script
from transforms.script.checks.script_texts import all_texts, spoken_texts
from transforms.script.engines.script_engine import Problem
from transforms.text.sentences import split_sentences

MOST_SENTENCES = 3
"""Times that one sentence of four words and more may stand in a lesson; a refrain may return."""

MOST_REPEATS = 6
"""Times that one to five words may follow each other."""

LEAST_VARIETY = 0.2
"""Different words over all words of a lesson of 150 words and more; good lessons have 0.35."""

_REPEATED = re.compile(
    rf"\b((?=[\W\d_]*[^\W\d_]{{2}})\w+(?:\W+\w+){{0,4}}?)(?:\W+\1\b){{{MOST_REPEATS - 1},}}", re.I
)
_ESCAPE = re.compile(r"(?<=[\w.!?,;:])\\[nrt](?=\S)|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}")


def check_degeneration(script: Script) -> Sequence[Problem]:
    """Return the repetitions, literal escapes and wrongly decoded texts of a script."""
    found = [f"{each}; write the lesson anew" for each in _repetitions(script)]
    texts = list(all_texts(script))
    whole = "\n".join(placed.text for placed in texts)  # searched first, since most hold nothing
    if _ESCAPE.search(whole) or _is_garbled(whole):
        for path, text in texts:
            if _ESCAPE.search(text):
                found.append(f"{path}: holds an escape sequence; write the character itself")
            if _is_garbled(text):
                found.append(f"{path}: holds wrongly decoded characters")
    return [Problem(text) for text in found]


def _repetitions(script: Script) -> Iterator[str]:
    spoken = list(spoken_texts(script))
    for path, text in spoken:
        if _REPEATED.search(text):
            yield f"{path}: repeats the same words again and again"
    sentences = Counter(
        " ".join(_words(sentence))
        for _, text in spoken
        for sentence in split_sentences(text)
        if len(_words(sentence)) >= 4
    )
    if sentences and sentences.most_common(1)[0][1] > MOST_SENTENCES:
        yield f"a sentence stands {sentences.most_common(1)[0][1]} times in the lesson"
    narrations = Counter(" ".join(_words(scene.narration)) for scene in script.scenes)
    if narrations and narrations.most_common(1)[0][1] > 1:
        yield "two scenes have the same narration"
    words = [word for _, text in spoken for word in _words(text)]
    if len(words) >= 150 and len(set(words)) < LEAST_VARIETY * len(words):
        yield "the lesson repeats few words"


def _is_garbled(text: str) -> bool:
    return "\N{REPLACEMENT CHARACTER}" in text or (not text.isascii() and is_bad(text))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
