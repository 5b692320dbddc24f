"""Heuristics that decide whether tokens of free text are a formula, and where it ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from transforms.maths.prose_tokens import ProseToken
from transforms.maths.token_roles import OPERANDS

_PLACE: Final = re.compile(
    r"(?:\b(?:at|points?|through|vertex|origin|coordinates|from|to)|\d\) (?:and|or)) $"
)
_PAIR: Final = re.compile(r"\([−-]?\d+(?:\.\d+)?, ?[−-]?\d+(?:\.\d+)?\)")
_NEXT_WORD: Final = re.compile(r" (?!(?:is|are|equals|and|or|to|by)\b)[a-z]{2}")
_NOT_QUOTIENTS: Final = frozenset({"n/a", "y/n", "a/c", "c/o", "w/o", "b/c"})


def is_point(text: str, run: Sequence[ProseToken]) -> bool:
    """Return True if a run is a pair of coordinates after words such as "the point"."""
    pair = "".join(token.text for token in run)
    return _PLACE.search(text, 0, run[0].start) is not None and _PAIR.fullmatch(pair) is not None


def trim(text: str, run: list[ProseToken]) -> list[ProseToken]:
    """Remove tokens at both ends of a run that belong to the sentence, not to the formula."""
    run = list(run)
    while run and (surplus := _count_leading_prose(run)):
        run = run[surplus:]
    while run:
        last = run[-1]
        if last.kind in (
            "space",
            "operator",
            "hyphen",
            "slash",
            "comma",
            "open",
            "big",
            "prefix",
            "colon",
        ):
            run.pop()
        elif (
            last.kind == "letter" and last.text in "aI" and len(run) > 2 and run[-2].kind == "space"
        ):
            if not _is_article(text, run):
                break
            run = run[:-2]
        elif last.kind == "bar" and sum(token.kind == "bar" for token in run) % 2:
            run.pop()
        else:
            break
    return run


def _count_leading_prose(run: Sequence[ProseToken]) -> int:
    """Count the leading tokens of a run that belong to the sentence, such as an article."""
    kinds = [token.kind for token in run[:3]] + ["", ""]
    first = run[0]
    if kinds[0] in ("space", "slash", "comma", "close", "suffix", "colon"):
        return 1
    if kinds[0] == "hyphen" and kinds[1] in ("", "space"):
        return 1
    if kinds[0] == "operator" and first.text in "+×÷·*∧∨⇒→∪∩":
        return 1
    article = kinds[0] == "letter" and first.text in "aAI" and kinds[1] == "space"
    return 2 if article and kinds[2] not in ("operator", "slash", "hyphen") else 0


def _is_article(text: str, run: Sequence[ProseToken]) -> bool:
    """Return True if the last letter of a run is the article "a" or the pronoun "I"."""
    follows = re.match(
        r" (?!is\b|are\b|equals\b|and\b|or\b|to\b|by\b)[a-z]{2}", text[run[-1].end :]
    )
    before = run[-3].kind
    if before == "hyphen":
        return follows is not None and len(run) > 4 and run[-5].kind == "number"
    return follows is not None and before not in ("letter", "operator")


def is_evident(run: Sequence[ProseToken]) -> bool:
    """Return True if a run is certainly a formula, by its operators or other symbols."""
    kinds = [token.kind for token in run if token.kind != "space"]
    if {
        "latex",
        "big",
        "function",
        "scientific",
        "hexadecimal",
        "arc",
        "prefix",
        "substance",
    } & set(kinds):
        return True
    if "script" in kinds or "superscript" in kinds or "subscript" in kinds:
        return not _is_lone_script(run)
    operands = sum(kind in OPERANDS for kind in kinds)
    if kinds[0] == "hyphen" and len(run) > 1 and run[1].kind in ("letter", "product", "open"):
        return True
    for index, token in enumerate(run):
        if token.kind == "operator" and operands and (operands > 1 or token.text in "=≈<>≤≥≠×÷"):
            return True
        if token.kind == "hyphen" and _is_minus(run, index):
            return True
        if token.kind == "open" and index and run[index - 1].kind == "letter":
            applied = token.text == "(" or run[index - 1].text == "E"
            return applied and len(run) > index + 2
        if token.text in ("⌊", "⌈", "‖"):
            return True
        if token.kind == "slash" and _is_division(run, index):
            return True
        if token.kind == "prime" and (len(token.text) > 1 or index + 1 < len(run)):
            return True
    if kinds.count("bar") in (2, 4) or (kinds.count("bar") == 1 and "open" in kinds):
        return True
    if re.search(r"[\[({] ?[^\[\](){}]*,[^\[\](){}]*[\])}]", "".join(t.text for t in run)):
        ends = run[0].text + run[-1].text
        return ends in ("[)", "(]", "{}") or "∞" in [token.text for token in run]
    fractions = [i for i, token in enumerate(run) if token.kind == "fraction"]
    # A mixed number: "2 1/2".
    return any(
        (index > 1 and run[index - 1].kind == "space" and run[index - 2].kind == "number")
        or (index > 0 and run[index - 1].kind == "number")
        for index in fractions
    )


def _is_division(run: Sequence[ProseToken], index: int) -> bool:
    """Return True if a slash means division: ``Δx/Δt`` and ``a/b``, unlike "A/B" and "n/a"."""
    if any(token.kind == "letter" and token.text >= "Α" for token in run):
        return True
    around = run[index - 2 : index + 3]
    if index > 1 and [token.kind for token in around[1:4:2]] == ["space", "space"]:
        return len(around) == 5 and not all(token.kind == "name" for token in around[::4])
    text = "".join(token.text for token in run)
    return re.fullmatch("[a-z]/[a-z]", text) is not None and text not in _NOT_QUOTIENTS


def _is_lone_script(run: Sequence[ProseToken]) -> bool:
    """Return True if a run is a single sub- or superscript: of a unit, or a footnote number."""
    return len(run) == 1 and run[0].kind in ("script", "superscript", "subscript")


def _is_minus(run: Sequence[ProseToken], index: int) -> bool:
    before = run[index - 1] if index else None
    after = run[index + 1] if index + 1 < len(run) else None
    if before is None or after is None:
        return False
    if before.kind == "space" and after.kind == "space":
        years = (
            index > 1
            and index + 2 < len(run)
            and _is_year(run[index - 2])
            and _is_year(run[index + 2])
        )
        return not years and run[index].text != "–"
    return run[index].text == "−" and before.kind in ("letter", "close") and after.kind != "space"


def _is_year(token: ProseToken) -> bool:
    return re.fullmatch(r"1\d{3}|20\d\d", token.text) is not None
