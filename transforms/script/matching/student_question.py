"""A student's question, split into what it asks about and what is said aside.

"Explain photosynthesis for basketball fans" asks about photosynthesis; "for basketball fans" is an
aside. Words of an aside are no part of the topic, and they may tell an interest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from transforms.script.matching.interests import find_interest, is_interest
from transforms.script.matching.words import VOCABULARY, root, root_set, words

_CLAUSES = re.compile(r"[,;:!?()\[\]{}\"“”\n]+|\.(?=\s|$)|\s[-–—/|]+\s")
_OPENERS = frozenset(
    {"for", "to", "using", "with", "through", "via", "in", "like", "as", "from", "since", "because"}
)
_AUDIENCE = root_set("audience")
_ASKING = root_set("asking")
_ILLUSTRATION = root_set("illustration")
_PERSONAL = frozenset(VOCABULARY["personal"].split())
_REQUEST = frozenset(VOCABULARY["request"].split())
_BESIDE = frozenset(
    {("i", "like"), ("i", "love"), ("i", "play"), ("i", "enjoy"), ("im", "into"), ("im", "a")}
    | {(verb, "to") for verb in ("apply", "applies", "applied", "relate", "relates", "related")}
)
_MANNER = re.compile(
    r"in ((plain|simple|easy|basic|layman|laymans) )?(english|terms|words|language)"
    r"|(in|within|under|just|only) (\w+ ){1,2}"
    r"(sentences?|minutes?|mins?|seconds?|words|steps|paragraphs?)"
)
_AGE = re.compile(
    r"(\d+|five|six|seven|eight|nine|ten|eleven|twelve) (years?|yrs?|yo)( olds?)?"
    r"|(grade|class|year|age|aged|im|i am|i was|i were) (\d+|five|six|seven|eight|nine|ten)"
    r"|\d+(st|nd|rd|th)? ?(grade|graders?)"
    r"|(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth)"
    r" (grade|graders?)"
    r"|(at first|first of all|the first time|first off)"
)


@dataclass(frozen=True)
class StudentQuestion:
    """The words of a question in order: `topic` and `aside`."""

    topic: tuple[str, ...]
    aside: tuple[str, ...]


def parse_student_question(text: str) -> StudentQuestion:
    """Split a question; what it means is left to `transforms.script.matching.topics`."""
    topic: list[str] = []
    aside: list[str] = []
    for clause in _CLAUSES.split(text):
        said = words(clause)
        beside = _aside(said)
        topic += [word for word, is_aside in zip(said, beside, strict=True) if not is_aside]
        aside += [word for word, is_aside in zip(said, beside, strict=True) if is_aside]
    return StudentQuestion(tuple(topic), tuple(aside))


def _aside(said: list[str]) -> list[bool]:
    """For each word of one clause, whether it is said aside."""
    if is_interest(said) or _about_oneself(said):
        return [True] * len(said)
    beside = [False] * len(said)

    def mark(start: int, end: int) -> None:
        beside[start:end] = [True] * (end - start)

    for pattern in (_MANNER, _AGE):
        for start, end in _matches(pattern, said):
            mark(start, end)
    for start, word in enumerate(said):
        rest = said[start + 1 :]
        if word == "using" or (tuple(said[start : start + 2]) in _BESIDE):
            mark(start, start + 1 + _until_request(rest))
        elif word in _OPENERS and (length := _aside_length(word, rest)):
            mark(start, start + 1 + length)
    return beside


def _about_oneself(said: list[str]) -> bool:
    """True for "I play basketball every day", which asks nothing."""
    return (
        said[:1] != []
        and said[0] in _PERSONAL
        and not _REQUEST & set(said)
        and find_interest(" ".join(said)) is not None
    )


def _matches(pattern: re.Pattern[str], said: list[str]) -> list[tuple[int, int]]:
    """Spans of whole words, as indexes into `said`."""
    line = " ".join(said)
    spans = []
    for match in re.finditer(rf"\b(?:{pattern.pattern})\b", line):
        start = line[: match.start()].count(" ")
        spans.append((start, start + match[0].count(" ") + 1))
    return spans


def _until_request(rest: list[str]) -> int:
    """How many of the words come before the next request ("using hoops explain …")."""
    return next((i for i, word in enumerate(rest) if word in _REQUEST), len(rest))


def _aside_length(opener: str, rest: list[str]) -> int:
    """How many words after an opener such as "for" belong to an aside; 0 if it opens none."""
    if opener in ("for", "to", "with") and rest[:1] == ["my"]:
        return min(len(rest), 4)
    if opener == "with" and len(rest) < 3:
        return len(rest)
    for index, base in enumerate(map(root, rest[:6])):
        if base in _ILLUSTRATION and opener != "to":
            return index + 1
        if base in _AUDIENCE and opener in ("for", "to", "like", "as"):
            return index + 1 + _still_aside(rest[index + 1 :])
    length = min(6, len(rest))
    return length if length == len(rest) and find_interest(" ".join(rest)) else 0


def _still_aside(rest: list[str]) -> int:
    """How many words go on about an audience: "for a student | who loves music"."""
    if rest[:1] and rest[0] in ("who", "that", "whose"):
        return len(rest)
    more = _AUDIENCE | _ASKING
    return next((i for i, word in enumerate(rest) if root(word) not in more), len(rest))
