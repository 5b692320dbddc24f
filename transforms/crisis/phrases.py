"""Search for phrases of students in danger; `phrases/` lists them by language.

Each category of a list has phrases of both levels. `harmless` phrases are removed from the text
first: they hold the words of a phrase and mean something else. `softened` expressions make an
urgent finding an unsure one: a quotation, a game, an idiom. All lists are tried on each text,
because students do not always write in the language of their request.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from transforms.crisis.classifiers import run_classifiers
from transforms.crisis.folding import foldings
from transforms.model import CARE_CATEGORIES, CareCategory, CareFinding, CareLevel

LANGUAGES = ("en", "es", "de", "fr")
"""Languages with a list."""

LEVELS: tuple[CareLevel, ...] = ("urgent", "unsure")


@dataclass(frozen=True)
class _Phrases:
    language: str
    softened: re.Pattern[str]
    by_level: Mapping[tuple[CareCategory, CareLevel], re.Pattern[str]]

    def findings(self, text: str) -> Iterable[CareFinding]:
        for (category, level), pattern in self.by_level.items():
            sentences = {_sentence(text, found) for found in pattern.finditer(text)}
            if sentences:
                soft = all(self.softened.search(each) for each in sentences)
                yield CareFinding(category, "unsure" if soft else level, self.language)


def _sentence(text: str, found: re.Match[str]) -> str:
    """Return the sentence or sentences that contain a matched phrase."""
    end = text.find(" . ", found.end())
    return text[text.rfind(" . ", 0, found.start()) + 1 : end if end >= 0 else None]


def find_care(texts: Iterable[str]) -> CareFinding | None:
    """Search a student's texts for signs of danger; return the most serious finding or None.

    Args:
        texts: What the student typed; each is read on its own.
    """
    harmless = _harmless()
    texts = tuple(texts)
    found = {
        finding
        for text in texts
        for folded in foldings(text)
        for phrases in _all_phrases()
        for finding in phrases.findings(harmless.sub(" ", folded))
    }
    if all(finding.level != "urgent" for finding in found):
        found |= run_classifiers(texts)
    return min(found, key=_rank, default=None)


def _rank(finding: CareFinding) -> tuple[int, int, int]:
    return (
        LEVELS.index(finding.level),
        CARE_CATEGORIES.index(finding.category),
        LANGUAGES.index(finding.language),
    )


@cache
def _harmless() -> re.Pattern[str]:
    return _alternatives(
        spelled for table in _tables().values() for spelled in _spelled(table, table["harmless"])
    )


@cache
def _all_phrases() -> tuple[_Phrases, ...]:
    return tuple(
        _Phrases(
            language,
            _alternatives(_spelled(table, table["softened"])),
            {
                (category, level): _alternatives(_spelled(table, table[category][level]))
                for category in CARE_CATEGORIES
                for level in LEVELS
            },
        )
        for language, table in _tables().items()
    )


@cache
def _tables() -> Mapping[str, Mapping[str, Any]]:
    folder = files(__package__) / "phrases"
    return {each: tomllib.loads((folder / f"{each}.toml").read_text("utf-8")) for each in LANGUAGES}


def _alternatives(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{each})\b" for each in patterns))


def _spelled(table: Mapping[str, Any], patterns: Iterable[str]) -> Iterable[str]:
    words = {name: "|".join(each) for name, each in table["words"].items()}
    return (_expanded(each, words) for each in patterns)


def _expanded(pattern: str, words: Mapping[str, str]) -> str:
    """Expand each word-group name in a pattern, such as ``<relative>``, to its alternatives."""

    def alternatives(found: re.Match[str]) -> str:
        return f"(?:{_expanded(words[found[1]], words)})"

    return re.sub(r"<(\w+)>", alternatives, pattern)
