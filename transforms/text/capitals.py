"""Capitalisation of texts that are not sentences, such as table cells and labels."""

from __future__ import annotations

import re

_LEAST_WORDS = frozenset({"a", "i", "o"})
"""Words of one letter; every other single letter is a symbol."""

_SYMBOLS = frozenset(
    (
        *("ms", "kg", "mg", "km", "cm", "mm", "nm", "ml", "kw", "kj", "hz", "kb", "mb", "gb", "tb"),
        *("lb", "lbs", "oz", "ft", "mph", "kph", "fps", "rpm", "db"),
        *("sin", "cos", "tan", "log", "ln", "exp", "lim", "det", "sqrt", "arcsin", "arccos"),
        *("def", "int", "str", "bool", "elif", "printf", "println"),
    )
)
"""Units, functions and code whose letter case carries meaning."""

_OPERATORS = frozenset(
    (
        *("plus", "minus", "times", "equals", "is", "over", "divided", "squared", "cubed", "to"),
        *("and", "or", "becomes"),
    )
)
"""Words after "a" that make it the name of a number, as in "a plus b"."""

_FIRST = re.compile(r"[\"'“”‘’«(\[]*(\S+)")
_PUNCTUATION = ".,;:!?…)]\"'”’»"


def capitalize_first(text: str) -> str:
    """Capitalise the first word of a text, unless it is a symbol or an identifier.

    Symbols, units, identifiers and brands keep their letters: "x² = 9", "pH falls", "mRNA",
    "kg per liter", "max_value", "iPhone". The rest of the text is unchanged.
    """
    first = _FIRST.match(text.lstrip())
    if first is None or not _is_ordinary(first[1], text.lstrip()[first.end() :].split()):
        return text
    start = len(text) - len(text.lstrip()) + first.start(1)
    upper = text[start].upper()
    return text if len(upper) > 1 else text[:start] + upper + text[start + 1 :]


def _is_ordinary(word: str, rest: list[str]) -> bool:
    letters = word.rstrip(_PUNCTUATION)
    parts = re.split(r"['’-]", letters)
    if not all(part.isalpha() for part in parts) or letters != letters.lower():
        return False
    if len(parts[0]) > 1:
        return letters not in _SYMBOLS
    if len(parts) > 1:
        return parts[0] == "i"
    return (
        letters in _LEAST_WORDS
        and letters == word
        and rest != []
        and rest[0].rstrip(",.").isalpha()
        and len(rest[0]) > 1
        and rest[0] not in _OPERATORS
    )
