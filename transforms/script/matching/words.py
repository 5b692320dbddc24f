"""Tokenizer and stemmer for English text that students type, and its word lists."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib import resources
from typing import Any

_SYMBOLS = str.maketrans({"&": " and ", "%": " percent ", "^": "", "÷": " divided by "})
_APOSTROPHES = re.compile(r"(?<=\w)['’‘`´](?=\w|\s|$)")
_WORD = re.compile(r"[^\W_]+")
_WORLD_WAR = re.compile(r"\bww(?=(?:[12]|ii?)\b)")
_ABBREVIATION = re.compile(r"\b[a-z](?:\.[a-z])+\b")
_PRODUCT = re.compile(r"(?<=\b[a-z])\s?[*×·]\s?(?=[a-z]\b)")
_ORDINAL_DIGITS = re.compile(r"(\d{1,9})(st|nd|rd|th)")
_ROMAN = {"ii": 2, "iii": 3, "iv": 4}

VOCABULARY: dict[str, Any] = tomllib.loads(
    (resources.files(__package__) / "vocabulary.toml").read_text("utf-8")
)
"""Word lists by name; comments in ``vocabulary.toml`` describe each."""

_CARDINALS = {word: value for value, word in enumerate(VOCABULARY["cardinal"].split())}
_ORDINALS = {word: value for value, word in enumerate(VOCABULARY["ordinal"].split())}
_NUMBERED = frozenset(VOCABULARY["numbered"].split())
_WHOLE = frozenset(VOCABULARY["whole"].split())


def words(text: str) -> list[str]:
    """Split a text into words in lower case, without accents, apostrophes and punctuation.

    "Newton’s 2nd law: a² + b²" becomes ``newtons 2nd law a2 b2``.
    """
    plain = text.casefold() if text.isascii() else _without_accents(text)
    plain = _APOSTROPHES.sub("", plain.translate(_SYMBOLS))
    plain = _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), plain)
    plain = _PRODUCT.sub("", plain)
    return _WORD.findall(_WORLD_WAR.sub("world war ", plain))


def _without_accents(text: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).casefold()
    return "".join(c for c in plain if not unicodedata.combining(c))


@lru_cache(maxsize=8192)
def root(word: str) -> str:
    """Return the root of a word: its stem, or that of its first synonym."""
    base = _base(word)
    return SYNONYMS.get(base, base)


def roots(tokens: list[str]) -> list[str]:
    """Return the root of each word, with numbers in a common form.

    "second", "2nd" and "II" become ``#2``, and so does a "2" next to "law" or "war". Any other "2"
    or "two" becomes ``=2``.
    """
    return [
        _number(word, *_neighbors(tokens, index)) or root(word) for index, word in enumerate(tokens)
    ]


@cache
def english_roots() -> frozenset[str]:
    """Return the roots of common English words, which are never corrected as typos."""
    text = (resources.files(__package__) / "english.txt").read_text("utf-8")
    return frozenset(root(line) for line in text.splitlines() if not line.startswith("#"))


def root_set(name: str, key: str = "") -> frozenset[str]:
    """Return the roots of a word list in the vocabulary, or of entry `key` of a table."""
    listed = VOCABULARY[name][key] if key else VOCABULARY[name]
    return frozenset(map(root, listed.split()))


def _neighbors(tokens: list[str], index: int) -> tuple[str, str]:
    """Return the words before and after an index; skip "number", as in "law number two"."""
    before = index - 2 if index > 1 and tokens[index - 1] in ("number", "no", "nr") else index - 1
    return tokens[before] if before >= 0 else "", "".join(tokens[index + 1 : index + 2])


def _number(word: str, before: str, after: str) -> str | None:
    if word in _ORDINALS:
        return f"#{_ORDINALS[word]}"
    if value := VOCABULARY["misspelt_ordinal"].get(word) or _ROMAN.get(word):
        return f"#{value}"
    if ordinal := _ORDINAL_DIGITS.fullmatch(word):
        return f"#{int(ordinal[1])}"
    if word == "i" and before == "war":
        return "#1"
    numbered = not _NUMBERED.isdisjoint((before, after))
    if word in _CARDINALS:
        value = _CARDINALS[word]
        if value == 0 or (value == 1 and not numbered):  # "one" is rarely a number
            return None
    elif word.isdecimal() and len(word) < 10:
        value = int(word)
    else:
        return None
    return f"#{value}" if numbered else f"={value}"


def _base(word: str) -> str:
    if word in _WHOLE:
        return word
    singular = _singular(word)
    return singular if singular in _WHOLE else _without_ending(singular)


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes")):
        return word[:-2]
    return word[:-1]


def _without_ending(word: str) -> str:
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3 and stem[-1] != "e":
            doubled = stem[-1] == stem[-2] and stem[-1] not in "lsz" and len(stem) > 3
            return stem[:-1] if doubled else stem
    return word.removesuffix("e") if len(word) > 3 else word


SYNONYMS = {
    _base(word): _base(group.split()[0])
    for group in VOCABULARY["synonyms"]
    for word in group.split()
}
"""Root of a word -> root of the first word in its group of synonyms."""
