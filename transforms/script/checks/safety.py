"""Check of safety: content that no lesson may hold, by the patterns of `safety.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from transforms.model import Script
from transforms.script.checks.script_texts import all_texts
from transforms.script.engines.script_engine import Problem
from transforms.text.sentences import split_sentences

QUOTED = 8
"""Words in a row that a script may not share with the instructions of its writer."""


class _Category(NamedTuple):
    """The patterns of one category of unsafe content.

    Attributes:
        pattern: What is unsafe.
        unless: What makes a sentence with it a warning or a report; None for nothing.
        exempt: The subject whose lessons may hold it.
        anchors: A text with the pattern holds one of these, in lower case; empty if unknown.
    """

    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    exempt: str
    anchors: tuple[str, ...]

    def may_be_in(self, text: str) -> bool:
        """Return whether a lower-case text has an anchor, so that the pattern may match."""
        return not self.anchors or any(anchor in text for anchor in self.anchors)

    def is_in(self, text: str) -> bool:
        """Return whether a sentence of the text matches, and is no warning or report."""
        if not self.pattern.search(text):
            return False
        return self.unless is None or any(
            self.pattern.search(sentence) and not self.unless.search(sentence)
            for sentence in split_sentences(text)
        )


def check_safety(script: Script) -> Sequence[Problem]:
    """Return a problem for each unsafe text; it names the category only."""
    return [
        Problem(f"{path}: {problem}")
        for path, text in all_texts(script)
        for problem in _problems(text, script.subject)
    ]


@lru_cache(maxsize=8192)  # lessons of cards share their texts
def _problems(text: str, subject: str) -> tuple[str, ...]:
    lowered = text.lower()
    found = [
        f"holds {name}, which no lesson may; leave it out"
        for name, category in _categories().items()
        if category.exempt != subject and category.may_be_in(lowered) and category.is_in(text)
    ]
    if _runs(text) & _instructions():
        found.append("repeats the instructions; leave that out")
    return tuple(found)


@cache
def _categories() -> Mapping[str, _Category]:
    table = tomllib.loads((files(__package__) / "safety.toml").read_text("utf-8"))
    return {
        name: _Category(
            re.compile("|".join(f"(?:{each})" for each in entry["patterns"]), re.I | re.M),
            re.compile(entry["unless"], re.I) if "unless" in entry else None,
            entry.get("exempt", ""),
            tuple(entry.get("anchors", ())),
        )
        for name, entry in table.items()
    }


@cache
def _instructions() -> frozenset[tuple[str, ...]]:
    from transforms.script.engines.gemini.gemini_prompt import TEMPLATE

    return _runs(TEMPLATE)


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return frozenset(zip(*(words[at:] for at in range(QUOTED)), strict=False))
