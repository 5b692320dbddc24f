"""Parser that splits a student's question into its topic and its asides.

In "Explain photosynthesis for basketball fans", "for basketball fans" is an aside: a phrase that
names an audience, an interest, an age or a manner, and is not part of the topic.
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
    """The words of a question's topic and of its asides, each in their original order."""

    topic: tuple[str, ...]
    aside: tuple[str, ...]


def parse_student_question(text: str) -> StudentQuestion:
    """Split a question into topic and asides; `topics` then finds the card."""
    topic: list[str] = []
    aside: list[str] = []
    for clause in _CLAUSES.split(text):
        tokens = words(clause)
        beside = _aside(tokens)
        topic += [word for word, is_aside in zip(tokens, beside, strict=True) if not is_aside]
        aside += [word for word, is_aside in zip(tokens, beside, strict=True) if is_aside]
    return StudentQuestion(tuple(topic), tuple(aside))


def _aside(tokens: list[str]) -> list[bool]:
    """Return for each word of one clause whether it belongs to an aside."""
    if is_interest(tokens) or _is_about_student(tokens):
        return [True] * len(tokens)
    beside = [False] * len(tokens)

    def mark(start: int, end: int) -> None:
        beside[start:end] = [True] * (end - start)

    for pattern in (_MANNER, _AGE):
        for start, end in _matches(pattern, tokens):
            mark(start, end)
    for start, word in enumerate(tokens):
        rest = tokens[start + 1 :]
        if word == "using" or (tuple(tokens[start : start + 2]) in _BESIDE):
            mark(start, start + 1 + _until_request(rest))
        elif word in _OPENERS and (length := _aside_length(word, rest)):
            mark(start, start + 1 + length)
    return beside


def _is_about_student(tokens: list[str]) -> bool:
    """Return True for a statement such as "I play basketball every day"."""
    return (
        tokens[:1] != []
        and tokens[0] in _PERSONAL
        and not _REQUEST & set(tokens)
        and find_interest(" ".join(tokens)) is not None
    )


def _matches(pattern: re.Pattern[str], tokens: list[str]) -> list[tuple[int, int]]:
    """Return the spans of words that match, as start and end indexes into `tokens`."""
    line = " ".join(tokens)
    spans = []
    for match in re.finditer(rf"\b(?:{pattern.pattern})\b", line):
        start = line[: match.start()].count(" ")
        spans.append((start, start + match[0].count(" ") + 1))
    return spans


def _until_request(rest: list[str]) -> int:
    """Count the words before the next request ("explain" in "using hoops explain …")."""
    return next((i for i, word in enumerate(rest) if word in _REQUEST), len(rest))


def _aside_length(opener: str, rest: list[str]) -> int:
    """Count the words of the aside after an opener such as "for"; 0 if there is no aside."""
    if opener in ("for", "to", "with") and rest[:1] == ["my"]:
        return min(len(rest), 4)
    if opener == "with" and len(rest) < 3:
        return len(rest)
    for index, base in enumerate(map(root, rest[:6])):
        if base in _ILLUSTRATION and opener != "to":
            return index + 1
        if base in _AUDIENCE and opener in ("for", "to", "like", "as"):
            return index + 1 + _audience_length(rest[index + 1 :])
    length = min(6, len(rest))
    return length if length == len(rest) and find_interest(" ".join(rest)) else 0


def _audience_length(rest: list[str]) -> int:
    """Count further words about the audience: "who loves music" in "for a student who …"."""
    if rest[:1] and rest[0] in ("who", "that", "whose"):
        return len(rest)
    more = _AUDIENCE | _ASKING
    return next((i for i, word in enumerate(rest) if root(word) not in more), len(rest))
