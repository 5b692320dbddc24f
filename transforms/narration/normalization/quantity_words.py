"""Converter of quantities in text to words: money, dates, times, ranges, fractions."""

from __future__ import annotations

import re
from typing import Final

from transforms.maths import number_words as words
from transforms.maths.unit_words import WORDS as UNIT_WORDS

_NUM = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_MONTH = "|".join(_MONTHS)

_CURRENCIES: Final = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₽": ("ruble", "rubles", "kopeck", "kopecks"),
    "₿": ("bitcoin", "bitcoins", "cent", "cents"),
}
_MAGNITUDES: Final = {
    "k": "thousand",
    "m": "million",
    "M": "million",
    "b": "billion",
    "bn": "billion",
    "tn": "trillion",
    "mn": "million",
}
_MONEY = re.compile(
    rf"(?:(?<![A-Za-z])(?:US|CA|AU|C|A))?([{''.join(_CURRENCIES)}])\s?({_NUM})"
    r"(?:\s?(thousand|million|billion|trillion)\b|(k|m|M|b)\b|\s?(bn|mn|tn)\b)?"
)
_SIGN_AFTER = re.compile(rf"(?<![\w{''.join(_CURRENCIES)}.])({_NUM})\s?([€£¥₹₩₽])(?!\s?\d)")
_MONEY_RANGE = re.compile(
    rf"([{''.join(_CURRENCIES)}]\s?{_NUM}(?:k|m|bn|tn)?)\s?[–-]\s?(?=[{''.join(_CURRENCIES)}]\d)"
)
_MILLIONS = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?)m (?=people|users|students|votes|jobs|tonnes|tons|copies|years|homes"
    r"|children|deaths|voters|cases|visitors|workers)"
)
_CENTS = re.compile(rf"({_NUM})\s?¢")

_CLOCK = re.compile(
    r"(?<![\w:.,])(\d{1,2}):([0-5]\d)(?::([0-5]\d))?(?![\d:]|,\d{3})(?:\s?([ap])\.?m\b\.?)?",
    re.IGNORECASE,
)
_HOUR = re.compile(r"(?<![\w:.,])(\d{1,2})\s?([ap])\.?m\b\.?", re.IGNORECASE)
_DURATION = re.compile(
    r"(?<![\w:.,])(\d{1,2}):([0-5]\d):([0-5]\d)(\.\d+)?(?![\w:])(?!\s?[ap]\.?m\b)"
)
_RATIO = re.compile(
    rf"(?<![\w.,:]){_NUM}(?:\s?:\s?{_NUM})+(?![\w.]*:)"
    r"|(?<![\w:])([A-Za-z])(?::| : )([A-Za-z])(?![\w:'])"
)
_DOTTED_DATE = re.compile(r"(?<![\w.])(\d{1,2})\.(\d{1,2})\.([12]\d{3})(?![\w]|\.\d)")
_SCORE = re.compile(
    r"\b(scores?(?: of| was)?|won|lost|odds(?: of)?|ratio(?: of)?) (\d+):(\d+)(?![\d:])"
)
_ISO_DATE = re.compile(r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})(?![\w-])")
_US_DATE = re.compile(r"(?<![\w/])(\d{1,2})/(\d{1,2})/(\d{4})(?![\w/])")
_MONTH_DAY = re.compile(rf"\b({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.]?\d)")
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTH})\b")
_DECADE = re.compile(r"(?<![\w'])(1[0-9]\d0|20\d0)['’]?s\b")
_SHORT_DECADE = re.compile(r"(?:['’]|(?<=early )|(?<=late )|(?<=mid-)|(?<=the ))([2-9]0)s\b")
_YEAR_RANGE = re.compile(
    r"(?<![\w.,-])(1[0-9]\d\d|20\d\d)\s?[–-]\s?(1[0-9]\d\d|20\d\d|\d\d)(?![\w,-])"
)
_RANGE = re.compile(
    r"(?<=\d)([%°]?)(?:\s?–\s?|—|(?<=[%°])-)(?=[\d.])"
    rf"|(?<![\w.-])({_NUM})-({_NUM})(?![\w-]|\.\d|\s?=)"
)
_SUBTRACTION = re.compile(r"(?<=\d)\s?[-–]\s?(?=\d[\d.,]*\s?=)")
_SIGN = re.compile(r"(?<![\w){}\]])(?:[-−–](?=\s?[.]?\d)|−(?=\s?[A-Za-z]))")
_FEET = re.compile(r"(?<![\w.])(\d{1,2})'\s?(\d{1,2})\"")


def _amount(found: re.Match[str]) -> str:
    sign, number, magnitude, short, abbreviated = found.groups()
    short = short or abbreviated
    one, many, cent, cents = _CURRENCIES[sign]
    if magnitude or short:
        return f"{number} {magnitude or _MAGNITUDES[short]} {many}"
    whole, _, part = number.partition(".")
    if len(part) == 2 and part != "00":
        minor = f"{int(part)} {cent if int(part) == 1 else cents}"
        if whole == "0":
            return minor
        return f"{whole} {one if whole == '1' else many} and {minor}"
    amount = whole if part == "00" else number
    return f"{amount} {one if amount == '1' else many}"


def money(text: str) -> str:
    """Replace currency signs with words and keep the digits: ``$5.50``, ``€3 million``, ``5¢``."""
    text = re.sub(rf"([{''.join(_CURRENCIES)}])\s?[-−](?=\d)", r"-\1", text)
    text = _SIGN_AFTER.sub(r"\2\1", text)
    text = _MONEY_RANGE.sub(r"\1 to ", text)
    text = _MONEY.sub(_amount, _MILLIONS.sub(r"\1 million ", text))
    return _CENTS.sub(lambda m: f"{m[1]} {'cent' if m[1] == '1' else 'cents'}", text)


def _am_or_pm(letter: str) -> str:
    return "eh M" if letter.lower() == "a" else "P M"


def _clock(found: re.Match[str]) -> str:
    hour, minute, second, half = found.groups()
    if int(hour) > 24:
        return found.group()
    spoken = [words.cardinal(int(hour))]
    if int(minute):
        spoken.append(f"{'oh ' if int(minute) < 10 else ''}{words.cardinal(int(minute))}")
    elif not (half or second):
        spoken.append("o'clock" if 1 <= int(hour) <= 12 else "hundred hours")
    if second:
        spoken.append(f"and {words.cardinal(int(second))} seconds")
    if half:
        spoken.append(_am_or_pm(half))
    return " ".join(spoken) + _full_stop(found)


def _full_stop(found: re.Match[str]) -> str:
    ends = found.group().endswith(".") and found.end() == len(found.string.rstrip())
    return "." if ends else ""


def _date(year: str, month: int, day: int) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{_MONTHS[month - 1]} {words.ordinal(day)}, {words.year(int(year))}"


def _slashed_date(found: re.Match[str]) -> str:
    """Return a slashed date in words, month first unless that number exceeds 12."""
    first, second = int(found[1]), int(found[2])
    month, day = (second, first) if first > 12 else (first, second)
    return _date(found[3], month, day) or found[0]


def _duration(found: re.Match[str]) -> str:
    """Return ``h:mm:ss`` as a duration in words; unchanged after "at", as a time of day."""
    if re.search(r"\b(?:at|until|till|from|by)\s$", found.string[: found.start()]):
        return found[0]
    counts = [int(found[1]), int(found[2])]
    parts = [
        f"{words.cardinal(count)} {name}{'' if count == 1 else 's'}"
        for count, name in zip(counts, ("hour", "minute"), strict=True)
        if count
    ]
    seconds = words.number(str(int(found[3])) + (found[4] or ""))
    if int(found[3]) or found[4] or not parts:
        parts.append(f"{seconds} second{'' if found[3] == '01' and not found[4] else 's'}")
    return ", ".join(parts[:-1]) + " and " * (len(parts) > 1) + parts[-1]


def _ratio(found: re.Match[str]) -> str:
    if found[1]:
        return f"{words.spell(found[1])} to {words.spell(found[2])}"
    return re.sub(r"\s?:\s?", " to ", found[0])


def _day(day: str, spoken: str, written: str) -> str:
    return spoken if 1 <= int(day) <= 31 else written


def dates(text: str) -> str:
    """Replace dates, clock times, decades and ratios with words."""
    text = _ISO_DATE.sub(lambda m: _date(m[1], int(m[2]), int(m[3])) or m[0], text)
    text = re.sub(r"(\d:[0-5]\d)\s?[–-]\s?(?=\d{1,2}:[0-5]\d)", r"\1 to ", text)
    text = _SCORE.sub(r"\1 \2 to \3", text)
    text = _US_DATE.sub(_slashed_date, text)
    text = _DOTTED_DATE.sub(lambda m: _date(m[3], int(m[2]), int(m[1])) or m[0], text)
    text = _DURATION.sub(_duration, text)
    text = _CLOCK.sub(_clock, text)
    text = _HOUR.sub(
        lambda m: f"{words.cardinal(int(m[1]))} {_am_or_pm(m[2])}{_full_stop(m)}", text
    )
    text = _RATIO.sub(_ratio, text)
    text = _MONTH_DAY.sub(lambda m: _day(m[2], f"{m[1]} {words.ordinal(int(m[2]))}", m[0]), text)
    text = _DAY_MONTH.sub(lambda m: _day(m[1], f"{words.ordinal(int(m[1]))} of {m[2]}", m[0]), text)
    text = _DECADE.sub(lambda m: words.plural(words.year(int(m[1]))), text)
    return _SHORT_DECADE.sub(lambda m: words.plural(words.cardinal(int(m[1]))), text)


def _years(found: re.Match[str]) -> str:
    first, last = found.groups()
    return f"{words.year(int(first))} to {words.year(int(last))}"


def _range(found: re.Match[str]) -> str:
    mark, first, last = found.groups()
    return f"{mark or ''} to " if first is None else f"{first} to {last}"


def ranges(text: str) -> str:
    """Replace dashes between numbers with "to" and signs with words; digits are kept."""
    text = _SUBTRACTION.sub(" − ", text)
    text = _YEAR_RANGE.sub(_years, text)
    text = _RANGE.sub(_range, text)
    text = _FEET.sub(r"\1 feet \2 inches", text)
    text = re.sub(r"(\d+ (?:ft|feet|foot)) (\d+(?:\.\d+)?) ?in\b", r"\1 \2 inches", text)
    text = re.sub(r"~\s?(?=[\d.])", "about ", text)
    return _SIGN.sub(" minus ", text)


_PERCENT = re.compile(r"(?<=\d)\s?([%‰])")
_ORDINAL = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)(st|nd|rd|th)\b")
_FRACTION = re.compile(r"(?<![\w./])(\d{1,4})\s?[/⁄]\s?(\d{1,4})(?![\w/]|\.\d)")
_IDIOM = re.compile(r"(?<![\w./])(24|50|9)/(7|50|11)(?![\w/])")
_IDIOMS: Final = frozenset({"24/7", "50/50", "9/11"})
_VERSION = re.compile(r"\d+(?:\.\d+){2,}")
_LEADING_POINT = re.compile(r"(?<![\w.])\.(\d+)")
_YEAR = re.compile(r"(?<![\w.,])(1\d{3}|20\d{2})(?!\w|,\d{3}|\.\d)")
_NUMBER = re.compile(_NUM)
_BEFORE = re.compile(r"([A-Za-z]+)\W{0,2}$")
_AFTER = re.compile(r"\W{0,2}([A-Za-z]+)")
_BEFORE_YEAR: Final = frozenset(
    {"in", "since", "until", "till", "year", "circa", "during", "before", "after", "early", "late"}
    | {month.lower() for month in _MONTHS}
)
_BEFORE_QUANTITY: Final = frozenset(
    {"is", "are", "equals", "gives", "get", "makes", "exactly", "roughly", "nearly", "almost"}
    | {"over", "times", "plus", "minus", "than", "number", "approximately", "a", "base"}
)
_AFTER_QUANTITY: Final = frozenset(
    {"times", "plus", "minus", "over", "squared", "cubed", "divided", "percent", "point", "to the"}
    | {"people", "children", "square", "cubic", "million", "thousand"}
)
# Words in -s that are not plurals, so that "1815 was" is still read as a year.
_NOT_PLURAL: Final = frozenset(
    {"was", "is", "has", "does", "this", "its", "as", "across", "towards", "always", "perhaps"}
    | {"thus", "plus", "minus", "equals", "yes", "unless", "his", "us", "less"}
)


def _is_year(text: str, start: int, end: int) -> bool:
    before = _BEFORE.search(text, max(0, start - 24), start)
    after = _AFTER.match(text, end)
    previous = before[1].lower() if before else ""
    following = after[1] if after else ""
    if following in UNIT_WORDS or following in _AFTER_QUANTITY:
        return False
    if previous in _BEFORE_YEAR:
        return True
    plural = following.islower() and following.endswith("s") and following not in _NOT_PLURAL
    return not plural and previous not in _BEFORE_QUANTITY


def numbers(text: str) -> str:
    """Replace every remaining number with words."""
    text = _PERCENT.sub(lambda m: " percent" if m[1] == "%" else " per thousand", text)
    text = _ORDINAL.sub(lambda m: _ordinal(m[1]), text)
    text = _VERSION.sub(lambda m: " point ".join(map(words.number, m[0].split("."))), text)
    text = _IDIOM.sub(lambda m: f"{m[1]} {m[2]}" if m[0] in _IDIOMS else m[0], text)
    text = _FRACTION.sub(lambda m: words.fraction(int(m[1]), int(m[2])), text)
    text = re.sub(r"(?<=\d)\s?/\s?(?=\d)", " over ", text)
    text = _LEADING_POINT.sub(lambda m: f"point {words.digits(m[1])}", text)
    text = _YEAR.sub(
        lambda m: words.year(int(m[1])) if _is_year(m.string, m.start(), m.end()) else m[0], text
    )
    # Separate digits from letters, as in "B12" and "3D".
    text = re.sub(r"(?<=[A-Za-z])-?(?=\d)|(?<=\d)(?=[A-Za-z])", " ", text)
    return _NUMBER.sub(lambda m: words.number(m[0]), text)


def _ordinal(number: str) -> str:
    plain = number.replace(",", "")
    return words.ordinal(int(plain)) if len(plain) <= words.MAX_DIGITS else words.digits(plain)
