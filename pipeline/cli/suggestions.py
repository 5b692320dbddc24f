"""What somebody probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest_match(given: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word most like the given one, or None if none is as like it as that (0-1)."""
    by_case = {word.lower(): word for word in known}
    found = difflib.get_close_matches(given.lower(), by_case, n=1, cutoff=likeness)
    return by_case[found[0]] if found else None


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The end of a sentence about a wrong word: the right one, if there is one like it."""
    found = closest_match(given, known)
    return f"; did you mean {found}?" if found else ""
