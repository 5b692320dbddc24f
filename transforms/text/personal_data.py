"""Finder and masker of personal data in a student's text.

Shapes (e-mail addresses, telephone and card numbers) are found in any language. Names, addresses
and schools are found where a student gives them ("My name is …"), because a name alone may be the
topic of the question. A title is left alone: an introduction begins a clause, is not capitalized
like "My Name Is Asher Lev", and is not followed by what is asked about a book.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class _Rule:
    """A rule that finds one kind of personal data.

    Attributes:
        mask: Text that replaces it.
        pattern: Expression; its group `it` is replaced, or the whole match if there is none.
        accepts: Returns whether that text is personal data; not what merely looks like it.
    """

    mask: str
    pattern: re.Pattern[str]
    accepts: Callable[[str], bool] = bool

    def apply(self, text: str) -> str:
        return self.pattern.sub(self._replacement, text)

    def pieces(self, text: str) -> Iterator[str]:
        """Yield each match of the rule in a text."""
        group: int | str = "it" if "it" in self.pattern.groupindex else 0
        found = (match[group] for match in self.pattern.finditer(text))
        return filter(self.accepts, found)

    def _replacement(self, match: re.Match[str]) -> str:
        group: int | str = "it" if "it" in self.pattern.groupindex else 0
        if not self.accepts(match[group]):
            return match[0]
        start, end = (place - match.start() for place in match.span(group))
        return f"{match[0][:start]}{self.mask}{match[0][end:]}"


def mask_personal_data(text: str) -> str:
    """Replace each piece of personal data by its kind in brackets, such as ``[name]``."""
    for rule in _RULES:
        text = rule.apply(text)
    return text


def find_personal_data(text: str) -> list[tuple[str, str]]:
    """Return each piece of personal data with its kind in brackets, such as ``[name]``."""
    return [(rule.mask, piece) for rule in _RULES for piece in rule.pieces(text)]


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _is_phone(text: str) -> bool:
    """Return whether a number has as many digits as a phone number (E.164) may have."""
    fewest = 7 if re.search(r"\d\D+\d", text) else 10
    return fewest <= len(_digits(text)) <= 15


def _has_phone_length(text: str) -> bool:
    return 7 <= len(_digits(text)) <= 15


def _is_card(text: str) -> bool:
    """Return whether digits pass the checksum of payment cards (Luhn)."""
    numbers = [int(digit) for digit in reversed(_digits(text))]
    doubled = (sum(divmod(2 * number, 10)) for number in numbers[1::2])
    return 13 <= len(numbers) <= 19 and (sum(numbers[::2]) + sum(doubled)) % 10 == 0


def _is_account(text: str) -> bool:
    return re.search(r"[\d_.#@]", text) is not None


def _is_school(text: str) -> bool:
    """Return whether a school is named: True for "Lincoln High School", not "high school"."""
    return not _SCHOOL_KINDS.issuperset(re.findall(r"\w+", text.lower()))


def _is_name(text: str) -> bool:
    return _NO_NAMES.isdisjoint(text.lower().split())


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SCHOOL_KINDS = _word_set(
    "school schools academy college high middle junior senior elementary primary secondary grammar "
    "public private catholic charter boarding summer sunday night medical law art music online a "
    "an the my this our local same new good in and"
)
# Words about a book, film or song, and words that no name begins with.
_NO_NAMES = _word_set(
    "analysis summary essay theme themes book novel review meaning character characters quote "
    "quotes plot notes guide chapter chapters symbolism lyrics song film movie poem story "
    "explained summarized study questions not a an the in on at my very so also important written "
    "spelled pronounced common rare derived called"
)

_I = r"\b(?:I|i|we|We)"
_STREET = (
    r"(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|court|ct|boulevard|blvd|way|place|pl|square|"
    r"sq|close|crescent|terrace|highway|hwy|parkway|pkwy|circle|cir|trail)\b(?:\.(?=,))?"
)
_REST_OF_ADDRESS = (
    r"(?:,?\s+(?:apt|apartment|unit|flat|suite)\b\.?\s*#?\w+)?"
    r"(?:(?:,|\s+in)\s+[A-Z][\w’'-]+(?:\s[A-Z][\w’'-]+)?){0,2}"
    r"(?:,?\s+(?:[A-Z]{2}\s+)?\d{5}(?:-\d{4})?\b)?"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = (
    rf"(?:\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}"
    rf"(?:,?\s+\d{{4}})?|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?)"
)

# The beginning of a clause, perhaps after a greeting.
_CLAUSE = (
    r"(?:^|(?<=[.!?;,\n(])|(?<=\band)|(?<=\b[Hh]i)|(?<=\b[Hh]ello)|(?<=\b[Hh]ey)|(?<=\b[Hh]ola))"
)
# The end of an introduction: of the clause, or words with which the student goes on.
_END = (
    r"(?=\s*(?:$|[;!?\n)]|,(?!\s*by\b)|\.(?:\s|$)|[-–—]\s"
    r"|\b(?:and|but|so|from|[Ii]|[Ii]['’]?m|[Cc]an|[Cc]ould|[Pp]lease|[Ww]hat|[Hh]ow|[Ww]hy|"
    r"[Ee]xplain|help|teach|tell|y|et|und|e)\b))"
)
_INTRODUCTION = (
    r"(?:[Mm]y\s+(?:\w+['’]s\s+)?(?:full\s+|first\s+|last\s+|real\s+)?name(?:\s+is|['’]s)"
    r"|MY\s+NAME\s+IS|(?:I\s+am|i\s+am|[Ii]['’]?m)\s+(?:called|named)"
    r"|(?:[Yy]o\s+)?[Mm]e\s+llamo|[Mm]i\s+nombre\s+es|[Jj]e\s+m['’]appelle"
    r"|[Ii]ch\s+hei(?:ß|ss)e|[Mm]ein\s+Name\s+ist|[Mm]i\s+chiamo|(?:[Ee]u\s+)?[Mm]e\s+chamo"
    r"|[Mm]eu\s+nome\s+é)"
)
_CAPITALIZED = r"[A-ZÀ-ÖØ-ÞĀ-Ž][\w’'.-]*\w|[A-ZÀ-ÖØ-ÞĀ-Ž]"
_PARTICLE = r"(?:de|da|dos|del|la|van|von|der|den|bin|al|el|di)"
_NAME = (
    rf"(?:(?:(?:Mrs?|Ms|Dr|Prof)\.\s)?(?:{_CAPITALIZED})(?:\s(?:{_CAPITALIZED}|{_PARTICLE})){{0,4}}"
    r"|[^\W\d_]+(?:['’-][^\W\d_]+)*(?:\s[^\W\d_]+(?:['’-][^\W\d_]+)*){0,2}?)"
)


def _any_case(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


_RULES = (
    _Rule(
        "[e-mail address]",
        re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}\b"),
    ),
    _Rule(
        "[account]",
        _any_case(
            r"\bmy\s+(?:insta(?:gram)?|snap(?:chat)?|tiktok|discord|twitter|roblox|user\s?name|"
            r"gamertag)(?:\s+(?:name|username|handle|account|user|id))?\s*(?:is|:)\s*"
            r"(?P<it>@?\w[\w.#-]{2,31})"
        ),
        _is_account,
    ),
    _Rule(
        "[id number]",
        _any_case(
            r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"
        ),
    ),
    _Rule(
        "[id number]",
        _any_case(
            r"\bmy\s+(?:ssn|social security(?: number)?|passport(?: number)?|student (?:id|number)|"
            r"id number)\s*(?:is|:)?\s*(?P<it>(?=[\w-]*\d)[\w-]{4,20})"
        ),
    ),
    _Rule(
        "[card number]",
        re.compile(r"(?<![\w.-])(?:\d{4}[ -]){3}\d{1,7}(?![\w.-]?\d)"),
        _is_card,
    ),
    _Rule("[phone number]", re.compile(r"(?<![\w+^)])\+\d[\d ().-]{6,18}\d(?!\w)"), _is_phone),
    _Rule(
        "[phone number]",
        re.compile(
            r"(?<![\w.-])(?:\(\d{3}\) ?|\d{3}-)\d{3}-\d{4}(?![\w-])"
            r"|(?<![\w.])\d{3}\.\d{3}\.\d{4}(?![\w.]?\d)"
        ),
    ),
    _Rule(
        "[phone number]",
        _any_case(
            r"\b(?:phone|cell|mobile|telephone|tel|whatsapp|call me|text me|my number)\b"
            r"[^\d\n+]{0,20}(?P<it>\+?\d[\d ().-]{5,18}\d)"
        ),
        _has_phone_length,
    ),
    _Rule(
        "[address]",
        _any_case(
            rf"{_I}\s+live\s+(?:at|on|in)\s+(?P<it>\d{{1,5}}(?:st|nd|rd|th|[a-z])?\s+"
            rf"(?:[\w’'.-]+\s+){{0,4}}?{_STREET}(?-i:{_REST_OF_ADDRESS}))"
        ),
    ),
    _Rule(
        "[address]",
        _any_case(r"\bmy\s+(?:home\s+)?address\s*(?:is|:)\s*(?P<it>(?=[^.!?\n]*\b\d{1,5}[a-z]?\s)[^.!?;\n]{5,80})"),
    ),
    _Rule(
        "[school]",
        _any_case(
            rf"(?:{_I}\s+(?:go\s+to|attend|study\s+at)|\bmy\s+school\s+is(?:\s+called)?)\s+"
            r"(?P<it>(?:[^\W\d_][\w’'.-]*\s+){1,4}?(?:school|academy|college)\b)"
        ),
        _is_school,
    ),
    _Rule(
        "[date of birth]",
        _any_case(
            rf"(?:{_I}\s+was\s+born\s+on|\bmy\s+(?:birthday|birthdate|date\s+of\s+birth|dob)"
            rf"\s*(?:is|:)(?:\s+on)?)\s+(?:the\s+)?(?P<it>{_DATE})"
        ),
    ),
    _Rule(
        "[name]",
        re.compile(rf"{_CLAUSE}\s*{_INTRODUCTION}\s+(?P<it>{_NAME}){_END}", re.M),
        _is_name,
    ),
)  # fmt: skip
