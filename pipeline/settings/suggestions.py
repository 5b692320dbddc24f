"""Suggest the nearest known word for a misspelled one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

LIKENESS = 0.6
"""Similarity (0-1) from which a word is taken for a misspelled one."""


def closest_match(given: str, known: Iterable[str], likeness: float = LIKENESS) -> str | None:
    """Return the most similar known word; None if none has at least that likeness (0 to 1).

    A name of several words, such as an option, is only taken for one whose words are alike one by
    one: `--topic` is no misspelled `--care-topic`, and `--no-color` is no `--no-force`.
    """
    by_case = {word.lower(): word for word in known if _is_alike(given.lower(), word.lower())}
    found = difflib.get_close_matches(given.lower(), by_case, n=1, cutoff=likeness)
    return by_case[found[0]] if found else None


def _is_alike(given: str, known: str) -> bool:
    words, others = re.split("[-_]", given), re.split("[-_]", known)
    return len(words) == len(others) and all(
        difflib.SequenceMatcher(None, *pair).ratio() >= LIKENESS
        for pair in zip(words, others, strict=True)
    )


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" for the most similar known word; empty if there is none."""
    found = closest_match(given, known)
    return f"; did you mean {found}?" if found else ""
