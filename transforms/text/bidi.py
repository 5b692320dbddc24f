"""Unicode bidirectional algorithm (UAX #9): visual order of text in mixed directions.

The Unicode Bidirectional Algorithm (UAX #9) without explicit embeddings, overrides and isolates:
`transforms.text.drawable_text.clean` has removed those characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TypeVar

from transforms.text.language import is_rtl_language

_BRACKETS = {"(": ")", "[": "]", "{": "}", "⟨": "⟩", "«": "»"}
_LRM, _RLM = "\u200e", "\u200f"
_RTL = frozenset({"R", "AL"})
_STRONG = _RTL | {"L"}
_NEUTRAL = frozenset({"B", "S", "WS", "ON"})

T = TypeVar("T")


def is_rtl(text: str, language: str) -> bool:
    """Return True if the base direction of a text is right to left.

    The language decides, whichever letter comes first. A text without a letter of a right-to-left
    script, such as a formula or a foreign name, runs from left to right in every language.

    Args:
        text: one paragraph.
        language: BCP-47 tag of the lesson.
    """
    return is_rtl_language(language) and any(unicodedata.bidirectional(c) in _RTL for c in text)


def mark_direction(text: str, language: str) -> str:
    """Add direction marks, so that players show each line of a text in its base direction.

    A player takes the direction of a line from its first letter, or always left to right. A mark
    at the start sets it for the former, and one at the end keeps final punctuation there.
    """
    return "\n".join(_mark_line(line, language) for line in text.split("\n"))


def _mark_line(line: str, language: str) -> str:
    if is_rtl(line, language):
        return f"{_RLM}{line}{_RLM}"
    first = next((kind for kind in map(unicodedata.bidirectional, line) if kind in _STRONG), "L")
    return line if first == "L" else _LRM + line


def embedding_levels(text: str, rtl: bool) -> list[int]:
    """Return the embedding level of each character: even for left to right, odd for right to left.

    Args:
        text: One paragraph.
        rtl: True if its base direction is right to left.
    """
    base = int(rtl)
    direction = "R" if rtl else "L"
    kinds = [unicodedata.bidirectional(char) or "L" for char in text]
    _resolve_weak(kinds, direction)
    _resolve_brackets(text, kinds, direction)
    _resolve_neutral(kinds, direction)
    above = {"L": 1, "EN": 1, "AN": 1, "R": 0} if rtl else {"L": 0, "EN": 2, "AN": 2, "R": 1}
    return [base + above[kind] for kind in kinds]


def visual_order(levels: Sequence[int], items: Sequence[T]) -> list[T]:
    """Reorder the items of a line from left to right (rule L2).

    Args:
        levels: Embedding level of each item.
        items: The items in logical order.
    """
    order = list(range(len(items)))
    for level in range(max(levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            if end > start:
                order[start:end] = reversed(order[start:end])
            start = end + 1
    return [items[i] for i in order]


def _resolve_weak(kinds: list[str], direction: str) -> None:
    """Resolve weak types, such as numbers and their separators (rules W1 to W7)."""
    strong = previous = direction
    for i, original in enumerate(kinds):
        kind = previous if original == "NSM" else original
        if kind in ("L", "R", "AL"):
            strong = kind
        kinds[i] = previous = "AN" if kind == "EN" and strong == "AL" else kind
    kinds[:] = ["R" if kind == "AL" else kind for kind in kinds]
    for i in range(1, len(kinds) - 1):
        left, kind, right = kinds[i - 1 : i + 2]
        if left == right and (
            (left == "EN" and kind in ("ES", "CS")) or (left == "AN" and kind == "CS")
        ):
            kinds[i] = left
    for start, end in _spans(kinds, frozenset({"ET"})):
        if "EN" in (kinds[start - 1] if start else "", kinds[end] if end < len(kinds) else ""):
            kinds[start:end] = ["EN"] * (end - start)
    strong = direction
    for i, kind in enumerate(kinds):
        if kind in ("ES", "ET", "CS", "BN"):
            kinds[i] = "ON"
        elif kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[i] = "L"


def _resolve_brackets(text: str, kinds: list[str], direction: str) -> None:
    """Resolve paired brackets: they take the direction of the text inside (rule N0)."""
    pairs: list[tuple[int, int]] = []
    stack: list[tuple[str, int]] = []
    for i, char in enumerate(text):
        if kinds[i] != "ON":
            continue
        if char in _BRACKETS:
            stack.append((_BRACKETS[char], i))
        elif any(char == closer for closer, _ in stack):
            while stack[-1][0] != char:
                stack.pop()
            pairs.append((stack.pop()[1], i))
    for opening, closing in sorted(pairs):
        inside = {_strong(kind) for kind in kinds[opening + 1 : closing]} - {""}
        if direction in inside:
            kinds[opening] = kinds[closing] = direction
        elif inside:
            other = inside.pop()
            context = next((s for k in reversed(kinds[:opening]) if (s := _strong(k))), direction)
            kinds[opening] = kinds[closing] = other if context == other else direction


def _resolve_neutral(kinds: list[str], direction: str) -> None:
    """Resolve neutral characters by the text on both sides (rules N1 and N2)."""
    for start, end in _spans(kinds, _NEUTRAL):
        left = _strong(kinds[start - 1]) if start else direction
        right = _strong(kinds[end]) if end < len(kinds) else direction
        kinds[start:end] = [left if left == right else direction] * (end - start)


def _strong(kind: str) -> str:
    """Return the strong direction of a bidi class, L or R; empty for a neutral class."""
    return "R" if kind in ("EN", "AN") else kind if kind in ("L", "R") else ""


def _spans(kinds: list[str], wanted: frozenset[str]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for i, kind in enumerate(kinds):
        if kind not in wanted:
            continue
        if spans and spans[-1][1] == i:
            spans[-1] = (spans[-1][0], i + 1)
        else:
            spans.append((i, i + 1))
    return spans
