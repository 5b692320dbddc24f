"""Recogniser of a student's interest, such as basketball, in free text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from rapidfuzz.distance import OSA

from transforms.script.matching.words import english_roots, root, root_set, words

GENERAL = "general"
"""Key of a card's analogy for students without a known interest."""


@dataclass(frozen=True)
class Interest:
    """An interest of students, such as basketball, or a family of them, such as other sports.

    Attributes:
        name: the key of the analogy in a card.
        fans: completes "<topic> for …" in a title.
        spoken: completes "Take …." before the analogy.
        opening: sentence after the hook; it fits every analogy of this interest.
        names: words and phrases that name the interest in any context.
        names_alone: words that name it only as the whole text: "art", but not "language art".
        borrows: names of the interests whose analogies a family borrows.
        borrowing: introduces a borrowed analogy: "another sport".
    """

    name: str
    fans: str
    spoken: str
    opening: str
    names: tuple[str, ...]
    names_alone: tuple[str, ...] = ()
    borrows: tuple[str, ...] = ()
    borrowing: str = ""


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name for name in (" ".join(part.split()) for part in text.split(",")) if name)


def _interest(name: str, row: Mapping[str, str]) -> Interest:
    return Interest(
        name,
        row["fans"],
        row.get("spoken", ""),
        row["opening"],
        _listed(row["names"]),
        _listed(row.get("alone", "")),
        _listed(row.get("borrows", "")),
        row.get("borrowing", ""),
    )


INTERESTS: Mapping[str, Interest] = {
    name: _interest(name, row)
    for name, row in tomllib.loads(
        (resources.files(__package__) / "interests.toml").read_text("utf-8")
    ).items()
}
"""Interests by name, as ``interests.toml`` lists them."""


def _by_roots(names: Iterable[tuple[str, str]]) -> dict[tuple[str, ...], str]:
    return {tuple(map(root, words(name))): interest for name, interest in names}


_NAMES = _by_roots((name, i.name) for i in INTERESTS.values() for name in i.names)
_ALL_NAMES = (
    _by_roots((name, i.name) for i in INTERESTS.values() for name in i.names_alone) | _NAMES
)
_LONGEST = max(map(len, _ALL_NAMES))
_OF_FANS = {interest.fans: interest for interest in INTERESTS.values()}
_UNSPECIFIC = root_set("liking")
_AFTER_INTEREST = _UNSPECIFIC | root_set("after_interest") | root_set("function")
_WISHES = re.compile(r"[,;.!?()\n]+|\b(?:but|however|though|except that)\b", re.IGNORECASE)
_ALL_BUT = re.compile(
    r"\b(?:anything|everything|all|no one|nothing) (?:but|except|besides|other than)\b",
    re.IGNORECASE,
)
_FOND = re.compile(r"\b(?:can'?t|cannot|couldn'?t) (?:live|go|do|be) without\b", re.IGNORECASE)
_AVERSION = root_set("aversion")


def find_interest(text: str) -> Interest | None:
    """Return the interest that a text names, or None.

    Case, a typo in a long word and surrounding words are tolerated: "playing basketball",
    "Basketbal", "the NBA". What a student dislikes is no interest, and neither is a word that only
    describes another: "I hate soccer", "car insurance". An interest goes before a family.
    `Interest.fans` names its interest.
    """
    if text in _OF_FANS:
        return _OF_FANS[text]
    wishes = _WISHES.split(_FOND.sub("love", _ALL_BUT.sub("not", text)))
    wished = (_of_wish(list(map(root, words(wish)))) for wish in wishes)
    found = [interest for interest in wished if interest is not None]
    return next((interest for interest in found if interest.spoken), next(iter(found), None))


def mentions_interest(tokens: Sequence[str]) -> bool:
    """Return True if the words contain a name of an interest, also as part of another noun."""
    bases = tuple(map(root, tokens))
    spans = (bases[i : i + n] for n in range(1, _LONGEST + 1) for i in range(len(bases) - n + 1))
    return is_interest(tokens) or any(span in _NAMES for span in spans)


def is_interest(tokens: Sequence[str]) -> bool:
    """Return True if the words name an interest and contain nothing else."""
    return tuple(base for base in map(root, tokens) if base not in _UNSPECIFIC) in _ALL_NAMES


def _of_wish(tokens: list[str]) -> Interest | None:
    if _AVERSION & set(tokens):
        return None
    specific = [base for base in tokens if base not in _UNSPECIFIC]
    for whole in (tokens, specific):
        if tuple(whole) in _ALL_NAMES:
            return INTERESTS[_ALL_NAMES[tuple(whole)]]
    for size in range(min(_LONGEST, len(tokens)), 0, -1):
        for start in range(len(tokens) - size + 1):
            name = _NAMES.get(tuple(tokens[start : start + size]))
            after = tokens[start + size : start + size + 1]
            if name is not None and set(after) <= _AFTER_INTEREST:
                return INTERESTS[name]
    return _find_misspelt(specific)


def _find_misspelt(tokens: list[str]) -> Interest | None:
    if len(tokens) != 1 or len(tokens[0]) < 5 or tokens[0] in english_roots():
        return None
    allowed = 1 if len(tokens[0]) < 8 else 2
    close: dict[int, str] = {}
    for (name, *rest), interest in _NAMES.items():
        if not rest and len(name) >= 5 and name[0] == tokens[0][0]:
            close.setdefault(OSA.distance(tokens[0], name), interest)
    least = min(close, default=allowed + 1)
    return INTERESTS[close[least]] if least <= allowed else None
