"""English words as students type them: splitting, roots, numbers and the shipped word lists."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib import resources
from typing import Any

_SYMBOLS = str.maketrans({"&": " and ", "%": " percent ", "^": "", "÷": " divided by "})
_APOSTROPHES = re.compile(r"(?<=\w)['’‘`´](?=\w|\s|$)")
_WORD = re.compile(r"[^\W_]+")
_WORLD_WAR = re.compile(r"\bww(?=(?:[12]|ii?)\b)")
_ORDINAL_DIGITS = re.compile(r"(\d{1,9})(st|nd|rd|th)")
_ROMAN = {"ii": 2, "iii": 3, "iv": 4}

VOCABULARY: dict[str, Any] = tomllib.loads(
    (resources.files(__package__) / "vocabulary.toml").read_text("utf-8")
)
"""The lists of ``vocabulary.toml``, which says what each is for."""

_CARDINALS: list[str] = VOCABULARY["cardinal"].split()
_ORDINALS: list[str] = VOCABULARY["ordinal"].split()
_NUMBERED = frozenset(VOCABULARY["numbered"].split())
_WHOLE = frozenset(VOCABULARY["whole"].split())


def words(text: str) -> list[str]:
    """The words of a text in lower case, without accents, apostrophes and punctuation.

    "Newton’s 2nd law: a² + b²" becomes ``newtons 2nd law a2 b2``.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = _APOSTROPHES.sub("", plain.translate(_SYMBOLS))
    return _WORD.findall(_WORLD_WAR.sub("world war ", plain))


@lru_cache(maxsize=8192)
def root(word: str) -> str:
    """The word without plural and verb endings, and the same for words used for one another."""
    base = _base(word)
    return SAME.get(base, base)


def roots(said: list[str]) -> list[str]:
    """The roots of words, with their numbers made comparable.

    "second", "2nd" and "II" become ``#2``, and so does a "2" beside "law" or "war". Any other "2"
    or "two" becomes ``=2``.
    """
    return [
        _number(word, *_neighbors(said, index)) or root(word) for index, word in enumerate(said)
    ]


def root_set(name: str) -> frozenset[str]:
    """The roots of a list of the vocabulary."""
    return frozenset(map(root, VOCABULARY[name].split()))


def _neighbors(said: list[str], index: int) -> tuple[str, str]:
    """The words around one, "number" left out: "law number two" is "law two"."""
    before = index - 2 if index > 1 and said[index - 1] in ("number", "no", "nr") else index - 1
    return said[before] if before >= 0 else "", "".join(said[index + 1 : index + 2])


def _number(word: str, before: str, after: str) -> str | None:
    if word in _ORDINALS:
        return f"#{_ORDINALS.index(word)}"
    if value := VOCABULARY["misspelt_ordinal"].get(word) or _ROMAN.get(word):
        return f"#{value}"
    if ordinal := _ORDINAL_DIGITS.fullmatch(word):
        return f"#{int(ordinal[1])}"
    if word == "i" and before == "war":
        return "#1"
    if word in _CARDINALS[2:] or (word == "one" and _NUMBERED & {before, after}):
        value = _CARDINALS.index(word)
    elif word.isdecimal() and len(word) < 10:
        value = int(word)
    else:
        return None
    return f"#{value}" if _NUMBERED & {before, after} else f"={value}"


def _base(word: str) -> str:
    return word if word in _WHOLE else _without_ending(_singular(word))


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
            doubled = stem[-1] == stem[-2] and stem[-1] not in "lsz"
            return stem[:-1] if doubled else stem
    return word.removesuffix("e") if len(word) > 3 else word


SAME = {
    _base(word): _base(group.split()[0]) for group in VOCABULARY["same"] for word in group.split()
}
"""Words that students use for one another: root -> root of the one that stands for all."""
