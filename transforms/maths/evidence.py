"""Evidence that tokens of free text are a formula, and where it begins and ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from transforms.maths.prose_tokens import ProseToken
from transforms.maths.token_roles import OPERANDS

_PLACE: Final = re.compile(r"\b(?:at|points?|through|vertex|origin|coordinates|from|to) $")
_PAIR: Final = re.compile(r"\([−-]?\d+(?:\.\d+)?, ?[−-]?\d+(?:\.\d+)?\)")
_NOT_QUOTIENTS: Final = frozenset({"n/a", "y/n", "a/c", "c/o", "w/o", "b/c"})


def is_point(text: str, run: Sequence[ProseToken]) -> bool:
    """Return True for a pair of numbers after words such as "the point"."""
    pair = "".join(token.text for token in run)
    return _PLACE.search(text, 0, run[0].start) is not None and _PAIR.fullmatch(pair) is not None


def trim(text: str, run: list[ProseToken]) -> list[ProseToken]:
    """Return a run without signs and articles at its ends that belong to the sentence."""
    run = list(run)
    while run:
        first, second = run[0], run[1] if len(run) > 1 else None
        if first.kind == "space" or first.kind in ("slash", "comma", "close", "suffix", "colon"):
            run.pop(0)
        elif (
            first.kind == "letter"
            and first.text in "aAI"
            and second is not None
            and second.kind == "space"
        ):
            third = run[2] if len(run) > 2 else None
            if third is not None and third.kind in ("operator", "slash", "hyphen"):
                break
            run = run[2:]
        elif first.kind == "operator" and first.text in "+×÷·*∧∨⇒→∪∩":
            run.pop(0)
        else:
            break
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
            article = re.match(r" [a-z]{2}", text[last.end :]) and run[-3].kind not in (
                "letter", "operator", "hyphen",
            )  # fmt: skip
            if not article:
                break
            run = run[:-2]
        elif last.kind == "bar" and sum(token.kind == "bar" for token in run) % 2:
            run.pop()
        else:
            break
    return run


def is_evident(run: Sequence[ProseToken]) -> bool:
    """Return True if a run cannot be anything but a formula."""
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
        return not _is_only_unit(run)
    operands = sum(kind in OPERANDS for kind in kinds)
    for index, token in enumerate(run):
        if token.kind == "operator" and operands and (operands > 1 or token.text in "=≈<>≤≥≠×÷"):
            return True
        if token.kind == "hyphen" and _is_minus(run, index):
            return True
        if token.kind == "open" and index and run[index - 1].kind == "letter":
            return token.text == "(" and len(run) > index + 2
        if token.text in ("⌊", "⌈", "‖"):
            return True
        if token.kind == "slash" and _is_over(run, index):
            return True
        if token.kind == "prime" and (len(token.text) > 1 or index + 1 < len(run)):
            return True
    if kinds.count("bar") == 2 or (kinds.count("bar") == 1 and "open" in kinds):
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


def _is_over(run: Sequence[ProseToken], index: int) -> bool:
    """Return True if a slash divides: ``Δx/Δt`` and ``a/b``, unlike "A/B" and "n/a"."""
    if any(token.kind == "letter" and token.text >= "Α" for token in run):
        return True
    text = "".join(token.text for token in run)
    return re.fullmatch("[a-z]/[a-z]", text) is not None and text not in _NOT_QUOTIENTS


def _is_only_unit(run: Sequence[ProseToken]) -> bool:
    """Return True for a power of a number before a unit, and for a footnote after a word."""
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
