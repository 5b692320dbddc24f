"""Conversion of numbers to English words, as read aloud in the United States."""

from __future__ import annotations

import re
from typing import Final

LETTER_A: Final = "eh"
"""Spelling of the letter A that makes a voice read the letter and not the article."""

_ONES: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES: Final = ("", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion")
_IRREGULAR_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}

MAX_DIGITS: Final = 3 * len(_SCALES)
"""Digits of the largest number that is read as a whole; larger ones are read digit by digit."""


def _below_hundred(n: int) -> str:
    if n < 20:
        return _ONES[n]
    tens, ones = divmod(n, 10)
    return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")


def _below_thousand(n: int) -> str:
    hundreds, rest = divmod(n, 100)
    words = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    if rest or not hundreds:
        words.append(_below_hundred(rest))
    return " ".join(words)


def digits(text: str) -> str:
    """Return the name of each digit: ``"007"`` is ``"zero zero seven"``."""
    return " ".join(_ONES[int(digit)] for digit in text)


def cardinal(n: int) -> str:
    """Return a whole number in words: ``-1205`` is ``"minus one thousand two hundred five"``."""
    if n < 0:
        return f"minus {cardinal(-n)}"
    if n == 0:
        return _ONES[0]
    if n >= 10**MAX_DIGITS:
        return digits(str(n))
    words: list[str] = []
    for scale in _SCALES:
        n, group = divmod(n, 1000)
        if group:
            words.insert(0, f"{_below_thousand(group)} {scale}".rstrip())
    return " ".join(words)


def ordinal(n: int) -> str:
    """Return an ordinal number in words: ``21`` is ``"twenty-first"``."""
    words = cardinal(n)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    head, last = words[:cut], words[cut:]
    if last in _IRREGULAR_ORDINALS:
        return head + _IRREGULAR_ORDINALS[last]
    return head + (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def number(text: str) -> str:
    """Return a number written in digits, such as ``"1,234.50"``, in words.

    Args:
        text: ASCII digits, optionally grouped by commas, with at most one decimal point.
    """
    whole, point, decimals = text.replace(",", "").partition(".")
    if len(whole) > MAX_DIGITS or (len(whole) > 1 and whole.startswith("0")):
        words = digits(whole)
    else:
        words = cardinal(int(whole)) if whole else ""
    return f"{words} point {digits(decimals)}".strip() if point and decimals else words


def year(n: int) -> str:
    """Return a year in words: ``1969`` is ``"nineteen sixty-nine"``."""
    century, rest = divmod(n, 100)
    if not 10 <= century <= 99 or (century % 10 == 0 and rest < 10):
        return cardinal(n)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def plural(words: str) -> str:
    """Return the plural of number words: ``"twenty"`` is ``"twenties"``."""
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith("x") else f"{words}s"


def fraction(numerator: int, denominator: int) -> str:
    """Return a fraction in words: ``(3, 4)`` is ``"three quarters"``, unusual ones "a over b"."""
    if not 2 <= denominator <= 100 or numerator > 100:
        return f"{cardinal(numerator)} over {cardinal(denominator)}"
    if denominator == 2:
        part = "half" if numerator == 1 else "halves"
    else:
        part = "quarter" if denominator == 4 else ordinal(denominator)
        part += "" if numerator == 1 else "s"
    return f"{cardinal(numerator)} {part}"


_PREFIXED: Final = {"0x": "hexadecimal", "0b": "binary", "0o": "octal"}
_CHARACTERS: Final = {"/": "over", "·": "times", "^": "to the", "-": "minus", "−": "minus"}


def spell(characters: str) -> str:
    """Return letters and digits one by one: ``"NaCl"`` is ``"N eh C l"``."""
    return " ".join(
        LETTER_A
        if each in "aA"
        else digits(each)
        if each.isdecimal()
        else _CHARACTERS.get(each, each)
        for each in characters
        if not each.isspace()
    )


def written(text: str) -> str:
    """Return a number as written in a formula: ``0x1F``, ``1/2``, ``3.5``, or a letter."""
    prefix = _PREFIXED.get(text[:2].lower())
    if prefix:
        return f"{prefix} {spell(text[2:])}"
    above, slash, below = text.partition("/")
    if slash:
        return fraction(int(above), int(below))
    if text.startswith("."):
        return f"point {digits(text[1:])}"
    return number(text) if re.fullmatch(r"[\d,]+(?:\.\d+)?", text) else spell(text)
