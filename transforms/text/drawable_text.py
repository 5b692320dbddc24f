"""Sanitising of text before it is drawn or captioned.

The text comes from students, models and data files and may contain anything: control and
formatting characters are removed, stacked combining marks limited, white space collapsed.
"""

from __future__ import annotations

import unicodedata

import regex  # type: ignore[import-untyped]

from transforms.text.hidden import without_hidden
from transforms.text.word_ends import word_ends

ZWNJ, ZWJ = "\u200c", "\u200d"
MAX_MARKS = 4
"""Combining marks kept on one base character; pointed Hebrew and Vietnamese need three."""

_GRAPHEME = regex.compile(r"\X")
_MARK_TOWER = regex.compile(rf"(\p{{M}}{{{MAX_MARKS}}})\p{{M}}+")
_MAX_JOINED = 24
"""Characters of a joined cluster: more than the longest emoji has; longer ones are split."""
_SPACES = regex.compile(r"\s+")
_VARIATION_SELECTOR = regex.compile(r"\p{Variation_Selector}")
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})

_CJK = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\u3000-\u303f\uff00-\uffef]")
_THAI = regex.compile(r"\p{Thai}")
_NO_BREAK_BEFORE = frozenset(
    "、。，．！？；：）］｝」』】〉》〕’”…‥・ー々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ,.!?;:)]}%»"
)
_NO_BREAK_AFTER = frozenset("（［｛「『【〈《〔‘“([{«$€£¥")
_BREAK_AFTER = frozenset("-‐–—/")
_LEADING_VOWELS = frozenset("เแโใไເແໂໃໄ")
"""Thai and Lao vowels that are written before their syllable and so always begin one."""
_TRAILING_VOWELS = frozenset("ำຳ")
"""Thai and Lao vowels that are letters, yet part of the character before (UAX #29, SpacingMark)."""


def clean(text: str) -> str:
    """Normalise text to NFC; remove control, format, private and unassigned characters.

    Joiners that shape letters stay, other hidden characters do not. The order of a line follows
    from its letters alone, so no text can reorder its neighbours.
    """
    kept = "".join(
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFC", text)
        if char.isspace() or char in (ZWNJ, ZWJ) or unicodedata.category(char) not in _DROPPED
    )
    kept = without_hidden(_VARIATION_SELECTOR.sub("", kept))
    if ZWJ in kept:
        kept = _GRAPHEME.sub(_limit_joined, kept)
    return _SPACES.sub(" ", _MARK_TOWER.sub(r"\1", kept)).strip()


def _limit_joined(cluster: regex.Match[str]) -> str:
    letters: str = cluster[0]
    return letters if len(letters) <= _MAX_JOINED else letters.replace(ZWJ, "")


def graphemes(text: str) -> list[str]:
    """Split a text into user-perceived characters (UAX #29)."""
    return _GRAPHEME.findall(text)


def break_points(text: str, language: str) -> list[int]:
    """Return the indices before which a line of cleaned text may be broken.

    A small subset of UAX #14: after spaces, after hyphens and slashes between letters, and at the
    ends of Chinese, Japanese and Thai words with the rules for brackets and small kana. Lao is
    broken before the vowels that begin a syllable.

    Args:
        text: one paragraph.
        language: BCP-47 tag.
    """
    ends = word_ends(text, language)
    return [i for i in range(1, len(text)) if _may_break(text, i, ends)]


def _may_break(text: str, i: int, ends: frozenset[int]) -> bool:
    before, after = text[i - 1], text[i]
    if after == " " or after in _TRAILING_VOWELS or unicodedata.category(after).startswith("M"):
        return False
    if ZWJ in (before, after):
        return False
    if before == " ":
        return True
    if before in _NO_BREAK_AFTER or after in _NO_BREAK_BEFORE:
        return False
    if _CJK.match(before) and _CJK.match(after):
        return i in ends or not (before.isalnum() and after.isalnum())
    if _CJK.match(before) or _CJK.match(after):
        return True
    if before in _BREAK_AFTER:
        return i > 1 and text[i - 2].isalnum() and after.isalnum()
    if _THAI.match(before) and _THAI.match(after):
        return i in ends
    return after in _LEADING_VOWELS and before.isalpha()
