"""Parser that splits a student's question into its topic and its asides.

In "Explain photosynthesis for basketball fans", "for basketball fans" is an aside: a phrase that
names an audience, an interest, an age or a manner, and is not part of the topic.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from importlib import resources

from transforms.script.matching.interests import find_interest, is_interest, mentions_interest
from transforms.script.matching.words import VOCABULARY, root, root_set, words

_CLAUSES = re.compile(r"[,;:!?()\[\]{}\"“”\n]+|\.(?=\s|$)|\s[-–—/|]+\s")
_WITH = re.compile(r"\bw/\s*", re.IGNORECASE)
_OPENERS = frozenset(
    {"for", "to", "using", "with", "through", "via", "in", "like", "as", "from", "since", "because"}
)
_SHOWN_WITH = frozenset({"using", "with", "through", "via", "like", "as"})
_NEVER_BEFORE_ASIDE = frozenset({"of", "and", "or", "by", "vs", "versus", "the", "a", "an"})
_AUDIENCE = root_set("audience")
_MORE_AUDIENCE = _AUDIENCE | root_set("neutral") | root_set("studying")
_ILLUSTRATION = root_set("illustration")
_NEAR = root_set("audience") | root_set("studying") | root_set("relatives")
_PERSONAL = frozenset(VOCABULARY["personal"].split())
_REQUEST = frozenset(VOCABULARY["request"].split())
_TEACHING = _REQUEST - frozenset({"what", "how", "why"})
_CHAT = VOCABULARY["chat"]
_BESIDE = frozenset(
    {("i", "like"), ("i", "love"), ("i", "play"), ("i", "enjoy"), ("im", "into"), ("im", "a")}
    | {(verb, "to") for verb in ("apply", "applies", "applied", "relate", "relates", "related")}
)
_FRAMES = tomllib.loads((resources.files(__package__) / "frames.toml").read_text("utf-8"))


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(f'(?:{pattern})' for pattern in patterns)})(?!\S)")


_FIRM_FRAMES, _LOOSE_FRAMES = (_any_of(_FRAMES[kind]) for kind in ("firm", "loose"))


class Beside(IntEnum):
    """The role of a word: topic, or an aside with a degree of certainty."""

    TOPIC = 0
    """Part of the topic."""

    LOOSE = 1
    """An aside to a term ("photosynthesis in soccer"), but no aside to everyday words (loops)."""

    ASIDE = 2
    """An aside to any topic."""

    STATEMENT = 3
    """Part of a clause about the student, unless the topic is named nowhere else."""


@dataclass(frozen=True)
class Spoken:
    """A word of a question, with its role.

    Attributes:
        word: the word in lower case.
        beside: whether it is an aside.
        starts: whether it begins a clause, or follows an aside.
    """

    word: str
    beside: Beside
    starts: bool


@dataclass(frozen=True)
class StudentQuestion:
    """The parsed words of a question, in their original order."""

    spoken: tuple[Spoken, ...]

    @property
    def topic(self) -> tuple[str, ...]:
        """The words of the topic."""
        return tuple(each.word for each in self.spoken if each.beside is Beside.TOPIC)

    @property
    def aside(self) -> tuple[str, ...]:
        """The words of the asides."""
        return tuple(each.word for each in self.spoken if each.beside is not Beside.TOPIC)


def parse_student_question(text: str, interest: str = "") -> StudentQuestion:
    """Parse a question: mark each word as topic or aside.

    Args:
        text: the question as typed.
        interest: the student's declared interest; it is an aside where it stands as a whole.
    """
    declared = words(interest)
    spoken: list[Spoken] = []
    for clause in _CLAUSES.split(_WITH.sub("with ", text)):
        tokens = list(_expand_chat(words(clause)))
        beside = _classify_clause(tokens, declared)
        for index, word in enumerate(tokens):
            starts = index == 0 or _is_aside(beside[index]) != _is_aside(beside[index - 1])
            spoken.append(Spoken(word, beside[index], starts))
    return StudentQuestion(tuple(spoken))


def _is_aside(beside: Beside) -> bool:
    return beside >= Beside.ASIDE


def _expand_chat(tokens: Sequence[str]) -> Iterator[str]:
    """Expand chat abbreviations: "4 kids", "speed n velocity", "w pizza"."""
    for index, word in enumerate(tokens):
        before, after = "".join(tokens[index - 1 : index]), "".join(tokens[index + 1 : index + 2])
        between = len(before) > 1 and len(after) > 1 and not (before + after).isdecimal()
        if word == "n" and between:
            yield "and"
        elif word == "w" and len(after) > 1:
            yield "with"
        elif word == "4" and (root(after) in _AUDIENCE or after in ("a", "an", "my", "the")):
            yield "for"
        elif word == "2" and (before in ("how", "explained") or after in ("a", "my", "me")):
            yield "to"
        else:
            yield _CHAT.get(word, word)


def _classify_clause(tokens: list[str], declared: list[str]) -> list[Beside]:
    """Classify each word of a clause as topic or aside."""
    if is_interest(tokens) or _is_about_student(tokens) or (tokens and tokens == declared):
        return [Beside.STATEMENT] * len(tokens)
    beside = [Beside.TOPIC] * len(tokens)

    def mark(start: int, end: int, how: Beside) -> None:
        beside[start:end] = [max(how, before) for before in beside[start:end]]

    for pattern, how in ((_FIRM_FRAMES, Beside.ASIDE), (_LOOSE_FRAMES, Beside.LOOSE)):
        for start, end in _match_spans(pattern, tokens):
            mark(start, end, how)
    for start, end in _declared_spans(tokens, declared):
        shown = tokens[start] in ("for", *_SHOWN_WITH) and end - start > len(declared)
        mark(start, end, Beside.ASIDE if shown else Beside.LOOSE)
    for start, word in enumerate(tokens):
        rest = tokens[start + 1 :]
        if word == "using" or (tuple(tokens[start : start + 2]) in _BESIDE):
            mark(start, start + 1 + _until_request(rest), Beside.ASIDE)
        elif word in _OPENERS:
            length, how = _aside_length(word, rest, requested=bool(_TEACHING & set(tokens[:start])))
            mark(start, start + 1 + length if length else start, how)
    return beside


def _is_about_student(tokens: list[str]) -> bool:
    """Return True if a clause is about the student: "I play basketball every day"."""
    return (
        tokens[:1] != []
        and tokens[0] in _PERSONAL
        and not _REQUEST & set(tokens)
        and mentions_interest(tokens)
    )


def _declared_spans(tokens: list[str], declared: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the span of the declared interest at a clause's end, with its preposition."""
    start = len(tokens) - len(declared)
    if declared and start > 0 and tokens[start:] == declared:
        if tokens[start - 1] in _OPENERS:
            yield start - 1, len(tokens)
        elif tokens[start - 1] not in _NEVER_BEFORE_ASIDE:
            yield start, len(tokens)


def _match_spans(pattern: re.Pattern[str], tokens: list[str]) -> list[tuple[int, int]]:
    """Return the start and end indexes of the words that match a pattern."""
    line = " ".join(tokens)
    spans = []
    for match in pattern.finditer(line):
        if match[0]:
            start = line[: match.start()].count(" ")
            spans.append((start, start + match[0].count(" ") + 1))
    return spans


def _until_request(rest: list[str]) -> int:
    """Count the words before the next request ("explain" in "using hoops explain …")."""
    return next((i for i, word in enumerate(rest) if word in _REQUEST), len(rest))


def _aside_length(opener: str, rest: list[str], *, requested: bool) -> tuple[int, Beside]:
    """Count the words of the aside after an opener such as "for"; 0 if there is no aside."""
    shown = Beside.ASIDE if requested and opener in _SHOWN_WITH else Beside.LOOSE
    if opener in ("for", "to", "with") and rest[:1] == ["my"]:
        near = any(root(word) in _NEAR for word in rest[1:4])
        return min(len(rest), 4), Beside.ASIDE if near else shown
    if opener == "with" and len(rest) < 3:
        return len(rest), shown
    for index, base in enumerate(map(root, rest[:6])):
        if base in _ILLUSTRATION and opener != "to":
            return index + 1, Beside.ASIDE
        if base in _AUDIENCE and opener in ("for", "to", "like", "as"):
            return index + 1 + _audience_length(rest[index + 1 :]), Beside.ASIDE
    pictured = requested and opener in _SHOWN_WITH and mentions_interest(rest)
    scene = (
        opener == "in" and len(rest) == 3 and rest[0] in ("a", "the") and _has_analogies(rest[1])
    )
    if len(rest) <= 6 and (is_interest(rest) or pictured or scene):
        return len(rest), shown
    return 0, Beside.TOPIC


def _has_analogies(word: str) -> bool:
    """Return True if a word names an interest that cards have analogies for."""
    interest = find_interest(word)
    return interest is not None and interest.spoken != ""


def _audience_length(rest: list[str]) -> int:
    """Count the words that describe the audience further: "who loves music"."""
    if rest[:1] and rest[0] in ("who", "that", "whose"):
        return len(rest)
    return next((i for i, word in enumerate(rest) if root(word) not in _MORE_AUDIENCE), len(rest))
