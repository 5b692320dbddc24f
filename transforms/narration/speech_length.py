"""Estimator of the time that a voice needs to speak a text."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

SECONDS_PER_LETTER: Final = 0.065
"""Seconds for one letter of an alphabet at a voice's own rate; languages differ little."""

# Letters that take as long to speak as one character of each kind.
_IDEOGRAPH: Final = 3.0
_SYLLABLE: Final = 2.3  # of kana and hangul
_DIGIT: Final = 4.0
_SYMBOL: Final = 6.0  # "=" is spoken as "equals"
_SPELLED: Final = 3.0  # a letter by its name
_MARK: Final = 0.5  # punctuation and combining marks

# Acronyms, and letters such as those of answers ("B: Two"), unlike the words "A" and "I".
_SPELLED_OUT = re.compile(r"\b(?:[A-Z]{2,}|[B-HJ-Z]|[AI](?=[:.,;)]))(?!['’\w])")
_LONGEST_WORD: Final = 25
_AROUND_WORDS: Final = "\"'“”‘’«»()¿¡.,;:!?…،؛؟।"
# Of the expected seconds; voices, languages and ways to read a number differ.
_LEAST: Final = 0.4
_MOST: Final = 3.0
_MOST_MORE: Final = 2.0  # seconds


def is_speakable(text: str) -> bool:
    """Return True if a text has a letter or a digit; emoji, punctuation and lone signs do not."""
    return any(map(str.isalnum, text))


def spoken_letters(text: str) -> float:
    """Return the length of a text in letters of equal speaking time.

    Digits and symbols are spoken as words; characters of East Asian scripts are syllables.
    """
    spelled = sum(len(found.group()) for found in _SPELLED_OUT.finditer(text))
    return sum(map(_letters, text)) + spelled * (_SPELLED - 1)


def plausible_seconds(text: str, rate: float = 1.0) -> tuple[float, float]:
    """Return the minimum and maximum plausible seconds of speech for a text.

    Args:
        text: what is spoken.
        rate: speaking rate; 2 is twice as fast as the voice's own.
    """
    # Numbers, formulas and code are spoken in ways that cannot be foreseen.
    least = sum(sum(map(_letters, word)) for word in text.split() if _is_word(word))
    second = SECONDS_PER_LETTER / rate
    return _LEAST * least * second, _MOST * spoken_letters(text) * second + _MOST_MORE


def _letters(character: str) -> float:
    if "a" <= character <= "z" or character == " ":
        return 1.0
    kind = unicodedata.category(character)
    if kind[0] == "L":
        if "\u3040" <= character <= "\u30ff" or "\uac00" <= character <= "\ud7a3":
            return _SYLLABLE
        wide = unicodedata.east_asian_width(character) == "W"
        return _IDEOGRAPH if wide else 1.0
    if kind == "Nd":
        return _DIGIT
    if kind in ("Sm", "Sc", "No"):
        return _SYMBOL
    return _MARK if kind[0] in "PMZ" else 0.0


def _is_word(text: str) -> bool:
    word = text.strip(_AROUND_WORDS)
    if any(_letters(character) in (_IDEOGRAPH, _SYLLABLE) for character in word):
        return True  # a phrase: these scripts put no space between words
    return len(word) <= _LONGEST_WORD and all(
        c.isalpha() or c in "-'’" or unicodedata.category(c)[0] == "M" for c in word
    )
