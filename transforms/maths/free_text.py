"""Recogniser of formulas in free text without markup; yields the same parse tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from transforms.maths.chemistry import parse_reaction
from transforms.maths.evidence import is_evident, is_point, trim
from transforms.maths.notation import notation
from transforms.maths.parser import parse
from transforms.maths.prose_tokens import SUBSTANCE, ProseToken, is_substance, prose_tokens
from transforms.maths.token_roles import PARTS, classify, is_operand_word
from transforms.maths.tokens import FormulaError
from transforms.maths.tree import Node

_COUNT: Final = r"(?:\d{1,3}\s?|\d/\d\s?|½\s?)?"
_ARROW: Final = r"\s?(?:⇌|→|⟶|↔|->|<=>)\s?"
_PARTICLE: Final = rf"{_COUNT}(?:{SUBSTANCE}|e\^?\{{?[−⁻-]\}}?)"
_SIDE: Final = rf"{_PARTICLE}(?:\s?\+\s?{_PARTICLE})*"
_REACTION: Final = re.compile(rf"(?<![\w}}\]]){_SIDE}{_ARROW}{_SIDE}(?:{_ARROW}{_SIDE})*(?![\w^])")
_SUBSTANCE: Final = re.compile(
    rf"(?<![\w}}\]^_])(\d{{1,3}}\s?)?((?:\^\{{\d{{1,3}}\}})?(?:_\{{\d{{1,3}}\}})?{SUBSTANCE})"
    rf"(\s?[·•]\s?\d+\s?(?:{SUBSTANCE}))?(?![\w^])"
)
_ISOTOPE: Final = re.compile(r"\^\{\d{1,3}\}(?:_\{\d{1,3}\})?[A-Z][a-z]?$")


@dataclass(frozen=True)
class Found:
    """A formula found in a text, with its place and parse tree.

    Attributes:
        start: index of its first character.
        end: index after its last character.
        node: its tree.
    """

    start: int
    end: int
    node: Node


def find_formulas(text: str) -> Iterator[Found]:
    """Find the formulas of a text, in order: mathematics, substances and reactions."""
    tokens = list(_tokens(text))
    at = 0
    while at < len(tokens):
        run = _run(tokens, at)
        if not run:
            at += 1
            continue
        at += len(run)
        yield from _parse_run(text, run)


def replace_formulas(text: str, write: Callable[[Node], str]) -> str:
    """Replace each formula in a text with the output of `write`."""
    pieces, at = [], 0
    for found in find_formulas(text):
        pieces += [text[at : found.start], write(found.node)]
        at = found.end
    return "".join([*pieces, text[at:]])


def _tokens(text: str) -> Iterator[ProseToken]:
    """Tokenise a text; each chemical substance and each reaction is one token."""
    at = 0
    for found in sorted(
        [*_candidates(_REACTION, text), *_candidates(_SUBSTANCE, text)],
        key=lambda found: (found.start(), -found.end()),
    ):
        if found.start() < at:
            continue
        yield from prose_tokens(text, at, found.start())
        yield ProseToken("substance", found[0], found.start(), found.end())
        at = found.end()
    yield from prose_tokens(text, at, len(text))


def _candidates(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield the matches that parse as chemistry; skip an unclosed opening bracket."""
    at = 0
    while found := pattern.search(text, at):
        is_chemistry = _is_chemistry(text, found)
        if is_chemistry:
            yield found
        at = found.end() if is_chemistry or found[0][0] not in "([" else found.start() + 1


def _is_chemistry(text: str, found: re.Match[str]) -> bool:
    if found.re is _SUBSTANCE:
        formula = found[2]
        if not (is_substance(formula) or _ISOTOPE.match(formula)) or _is_variable(text, found):
            return False
    try:
        parse_reaction(found[0])
    except FormulaError:
        return False
    return True


def _is_variable(text: str, found: re.Match[str]) -> bool:
    """Return True if an apparent substance is a variable: the V_1 of ``P_1V_1 = nRT``."""
    around = text[: found.start()].rstrip()[-1:] + text[found.end() :].lstrip()[:1]
    indexed = re.fullmatch(r"(?:[A-Z]_?\{?\d\}?){1,3}", found[2]) is not None
    return indexed and any(char in "=×·/<>≈≤≥∝÷" for char in around)


def _run(tokens: Sequence[ProseToken], at: int) -> list[ProseToken]:
    """Return the longest run of tokens from an index on that may be a formula, or nothing."""
    run: list[ProseToken] = []
    depth = 0
    while at + len(run) < len(tokens):
        index = at + len(run)
        token = classify(tokens, index)
        if token.kind == "word" and depth and is_operand_word(token, run):
            token = replace(token, kind="name")
        if token.kind not in PARTS or (token.kind == "comma" and not depth):
            break
        if token.kind == "colon" and not _is_map(run):
            break
        if token.kind == "close" and not depth:
            break
        if token.kind == "space" and not run:
            break
        depth += (token.kind == "open") - (token.kind == "close")
        run.append(token)
    return run


def _is_map(run: Sequence[ProseToken]) -> bool:
    return bool(run) and (run[0].text in "∀∃" or (len(run) == 1 and run[0].text in "fgh"))


def _parse_run(text: str, run: list[ProseToken]) -> Iterator[Found]:
    """Parse a run of tokens as a formula; if that fails, yield only its substances."""
    rest = trim(text, run)
    while rest and (is_evident(rest) or is_point(text, rest)):
        try:
            yield Found(rest[0].start, rest[-1].end, parse(notation(rest)))
            return
        except FormulaError:
            rest = trim(text, _before_unclosed(rest))
    for token in run:
        if token.kind == "substance":
            yield Found(token.start, token.end, parse_reaction(token.text))


def _before_unclosed(run: list[ProseToken]) -> list[ProseToken]:
    """Return the part of a run before its first unclosed bracket, or nothing."""
    opened: list[int] = []
    for index, token in enumerate(run):
        if token.kind == "open":
            opened.append(index)
        elif token.kind == "close" and opened:
            opened.pop()
    return run[: opened[0]] if opened and opened[0] else []
