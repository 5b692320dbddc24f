"""Sentence splitter: a sentence is spoken in one breath and shown as one caption."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from transforms.text.formula_marks import marked_spans

LONGEST: Final = 300
"""Maximum characters of a sentence; longer ones are hard to follow and need a lot of memory."""

_CLOSERS = "\"'”’»)\\]』」）》"
# Western marks end a sentence only before white space; the others need none.
_END = re.compile(
    rf"[.!?…؟۔।॥።]+[{_CLOSERS}]*(?=\s)|[。！？｡]+[{_CLOSERS}]*"
    r"|\n\s*(?=\n)|\n(?=\s*(?:[-*•‣]|\d{1,2}[.)])\s)"
)
_NEXT_WORD = re.compile(r"\s*[\"'“‘«(\[『「（《]*([^\s\"'”’»)\]]*)")

# Never the last word of a sentence.
_LEADING: Final = frozenset(
    {"dr", "mr", "mrs", "ms", "prof", "st", "mt", "gen", "capt", "gov", "sen", "rep", "pres", "rev"}
    | {"lt", "sgt", "col", "hon", "fig", "figs", "eq", "eqs", "vs", "e.g", "i.e", "eg", "ie", "cf"}
    | {"approx", "viz", "ca", "vol", "ch", "pp"}
)
# Not the last word before a number.
_BEFORE_NUMBER: Final = frozenset({"no", "nos", "p", "sec", "art", "jan", "feb", "mar", "apr"}) | {
    "aug", "sep", "sept", "oct", "nov", "dec",
}  # fmt: skip
# After an initial or an acronym, these words start a new sentence ("vitamin C. It", "the U.S.
# The"); any other word continues it ("J. K. Rowling", "the U.S. Army").
_STARTERS: Final = frozenset(
    {"a", "an", "the", "this", "that", "these", "those", "it", "its", "he", "she", "we", "you"}
    | {"they", "i", "his", "her", "our", "your", "their", "there", "here", "in", "on", "at", "for"}
    | {"from", "with", "to", "by", "as", "if", "when", "while", "then", "so", "but", "and", "or"}
    | {"because", "since", "after", "before", "what", "why", "how", "who", "which", "where", "no"}
    | {"yes", "not", "now", "let", "think", "imagine", "each", "every", "all", "some", "many"}
    | {"most", "both", "one", "two", "first", "second", "next", "finally", "also", "is", "are"}
    | {"do", "does", "did", "can", "could", "will", "would", "however", "instead", "once"}
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_CLAUSE = re.compile(r"(?<=[,;:—–])\s+|(?<=[，、；：])")


def split_sentences(text: str, limit: int = LONGEST) -> tuple[str, ...]:
    """Split a text into sentences of at most `limit` characters.

    A longer sentence is split between clauses, else between words, else inside a word, never
    between a letter and its combining marks. White space becomes single spaces; all other
    characters are kept.

    Args:
        text: Plain text in any language.
        limit: Maximum characters of a sentence, at least 8.
    """
    sentences: list[str] = []
    start = 0
    formulas = marked_spans(text)
    for found in _END.finditer(text):
        if any(begin < found.start() < end for begin, end in formulas):
            continue
        if _ends_here(text, start, found):
            sentences.append(text[start : found.end()])
            start = found.end()
    sentences.append(text[start:])
    return tuple(piece for sentence in _tidy(sentences) for piece in _pieces(sentence, limit))


def _tidy(sentences: list[str]) -> list[str]:
    """Normalise white space; join pieces without a word ("🎉", "?!") to a neighbour."""
    tidy: list[str] = []
    for sentence in sentences:
        words = sentence.split()
        if tidy and not (_has_word(words) and _has_word(tidy[-1])):
            words.insert(0, tidy.pop())
        if words:
            tidy.append(" ".join(words))
    return tidy


def _has_word(text: Iterable[str]) -> bool:
    return any(character.isalnum() for part in text for character in part)


def _ends_here(text: str, start: int, found: re.Match[str]) -> bool:
    """Return True if a punctuation mark ends the sentence that began at `start`."""
    mark = found.group().strip()
    if not mark or not mark.startswith((".", "!", "?", "…")):
        return True
    following = _NEXT_WORD.match(text, found.end())
    after = following[1] if following else ""
    # "pH measures…" starts a sentence although its first letter is small.
    small = after[:1].islower() and not any(letter.isupper() for letter in after)
    if mark.startswith(("!", "?")):
        return not (small and mark[-1] not in "!?")
    if small:
        return False
    if mark != ".":
        return True
    words = text[start : found.start()].split()
    if not words:
        return True
    before = words[-1].lstrip("(\"'“‘«[")
    if before.lower() in _LEADING:
        return False
    if after[:1].isdigit() and before.lower() in _BEFORE_NUMBER:
        return False
    # "1. Gather your data": the number belongs to what it counts.
    if before.isdigit() and len(words) == 1:
        return False
    if _INITIALS.fullmatch(before) and after[:1].isupper():
        named = "." in before or len(words) == 1 or words[-2][0].isupper()
        return not named or after.lower() in _STARTERS
    return True


def _pieces(sentence: str, limit: int) -> list[str]:
    pieces: list[str] = []
    while len(sentence) > limit:
        cut = _cut(sentence, limit)
        pieces.append(sentence[:cut].rstrip())
        sentence = sentence[cut:].lstrip()
    return [*pieces, sentence] if sentence else pieces


def _cut(sentence: str, limit: int) -> int:
    """Return the index at which to split a long sentence into parts of similar length."""
    share = len(sentence) / -(-len(sentence) // limit)
    clauses = [
        found.start() for found in _CLAUSE.finditer(sentence) if share / 2 <= found.start() <= limit
    ]
    if clauses:
        return min(clauses, key=lambda place: abs(place - share))
    words = [found.start() for found in re.finditer(r"\s", sentence) if found.start() <= limit]
    if words:
        return min(words, key=lambda place: abs(place - share))
    cut = limit
    while cut > 1 and _joined(sentence[cut - 1], sentence[cut]):
        cut -= 1
    return cut if cut > 1 else limit


def _joined(left: str, right: str) -> bool:
    """Return True if two characters form one grapheme: letter and mark, parts of an emoji."""
    return bool(unicodedata.combining(right)) or left == "\u200d" or right in "\u200d\ufe0e\ufe0f"
