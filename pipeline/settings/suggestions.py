"""Suggest the nearest known word for a misspelled one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest_match(given: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the most similar known word; None if none has at least that likeness (0 to 1)."""
    by_case = {word.lower(): word for word in known}
    found = difflib.get_close_matches(given.lower(), by_case, n=1, cutoff=likeness)
    return by_case[found[0]] if found else None


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" for the most similar known word; empty if there is none."""
    found = closest_match(given, known)
    return f"; did you mean {found}?" if found else ""
