"""Converter of number words to digits: ``twenty-one``, ``zweiunddreißig``."""

# ruff: noqa: SIM905  (lists of words are hard to read as lists of strings)
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

from transforms.text.language import primary_subtag

_EN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ES = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
    "dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro "
    "veinticinco veintiséis veintisiete veintiocho veintinueve"
).split()
_ES_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()
_DE = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
    "fünfzehn sechzehn siebzehn achtzehn neunzehn"
).split()
_DE_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()
_FR = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize "
    "dix-sept dix-huit dix-neuf"
).split()
_FR_TENS = "vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt".split()

_ENGLISH: Mapping[str, int] = {
    **{word: value for value, word in enumerate(_EN)},
    **{word: 10 * value for value, word in enumerate(_EN_TENS, 2)},
}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_EN_WORD = "|".join(sorted(_ENGLISH, key=len, reverse=True))
_EN_NUMBER = re.compile(
    rf"\b(?:(?:{_EN_WORD})\b|a(?= (?:hundred|thousand|million)\b))"
    rf"(?:[ -](?:(?:and )?(?:{_EN_WORD})|hundred|thousand|million|billion)\b)*"
    rf"(?: point(?: (?:{_EN_WORD})\b)+)?",
    re.I,
)
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4,
    "fourths": 4, "fifth": 5, "fifths": 5, "sixths": 6, "eighth": 8, "eighths": 8, "tenth": 10,
    "tenths": 10,
}  # fmt: skip
_EN_PART = re.compile(rf"\b(\d+|a)[ -]({'|'.join(_PARTS)})\b", re.I)


def with_digits(text: str, language: str) -> str:
    """Replace number words in English, Spanish, German or French text with digits.

    English numbers of any size are found, those of the other languages up to 100.
    """
    subtag = primary_subtag(language)
    if subtag == "en":
        text = _EN_NUMBER.sub(lambda match: _english(match[0]) or match[0], text)
        return _EN_PART.sub(lambda m: f"{1 if m[1] in 'aA' else m[1]}/{_PARTS[m[2].lower()]}", text)
    if subtag not in _SPELLERS:
        return text
    pattern, values = _table(subtag)
    return pattern.sub(lambda match: str(values[match[0].lower()]), text)


def _english(text: str) -> str:
    """Convert an English number to digits; empty for several numbers in a row, as in years."""
    whole, _, places = text.casefold().partition(" point ")
    total = group = last = 0
    words = re.split(r"[ -]", whole)
    for before, word in zip(["", *words], words, strict=False):
        if word == "and" and before in _SCALES:
            continue
        if word == "hundred":
            group, last = max(group, 1) * 100, 0
        elif word in _SCALES:
            total, group, last = total + max(group, 1) * _SCALES[word], 0, 0
        elif word in _ENGLISH and (not last or (last >= 20 and _ENGLISH[word] < 10)):
            last = _ENGLISH[word]
            group += last
        elif word != "a":
            return ""
    digits = "".join(str(_ENGLISH[word]) for word in places.split())
    return f"{total + group}.{digits}" if digits else str(total + group)


def _spanish(n: int) -> str:
    if n < 30:
        return _ES[n]
    tens, ones = divmod(n, 10)
    return _ES_TENS[tens - 3] + (f" y {_ES[ones]}" if ones else "")


def _german(n: int) -> str:
    if n < 20:
        return _DE[n]
    tens, ones = divmod(n, 10)
    return (f"{'ein' if ones == 1 else _DE[ones]}und" if ones else "") + _DE_TENS[tens - 2]


def _french(n: int) -> str:
    if n < 20:
        return _FR[n]
    tens, ones = divmod(n, 10)
    base = _FR_TENS[tens - 2]
    ones += 10 * (tens in (7, 9))
    if not ones:
        return base + "s" * (tens == 8)
    joined = " et " if ones in (1, 11) and tens < 8 else "-"
    return f"{base}{joined}{_FR[ones]}"


_SPELLERS: Mapping[str, tuple[Callable[[int], str], str]] = {
    "es": (_spanish, "cien"), "de": (_german, "hundert"), "fr": (_french, "cent"),
}  # fmt: skip


@cache
def _table(subtag: str) -> tuple[re.Pattern[str], Mapping[str, int]]:
    speller, hundred = _SPELLERS[subtag]
    values = {speller(n): n for n in range(100)} | {hundred: 100}
    words = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.I), values
