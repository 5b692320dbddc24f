"""Hidden characters are removed or shown; joiners and selectors stay where letters need them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.text.hidden import hidden_ranges, visible, without_hidden

NEEDED = {
    "Persian": "می\u200cخواهم نکته\u200cهای کار\u200cها",
    "Arabic abbreviation": "ه\u200d.",
    "Devanagari": "क्\u200dष र्\u200dक क्\u200cष",
    "Bengali": "র\u200d্য",
    "Sinhala": "ක්\u200dෂ",
    "Malayalam": "ന്\u200d",
    "Mongolian": "ᠪᠣ᠋ ᠬᠦᠷᠢᠶ\u180eᠡ",
    "Japanese name": "葛\U000e0100城",
    "family": "👨\u200d👩\u200d👧\u200d👦",
    "profession": "👩🏽\u200d🚀 🧑🏿\u200d🦽\u200d➡\ufe0f",
    "flags": "🏳\ufe0f\u200d🌈 🇺🇸",
    "presentation": "1\ufe0f\u20e3 ☃\ufe0e ©\ufe0f",
    "plain": "a\tb\n\r\nc — é “x” \u00a0 ﷽",
}
HIDDEN = {
    "tags": ("Hi\U000e0049\U000e0067\U000e006e", "Hi"),
    "tags of a flag": ("🏴\U000e0067\U000e0062\U000e007f", "🏴"),
    "zero width": ("a\u200bb\u2060c\ufeffd\u200ce\u200df", "abcdef"),
    "joiners alone": ("\u200d\u200c", ""),
    "second joiner": ("می\u200c\u200cخ", "می\u200cخ"),
    "joiner after an emoji": ("👩\u200d ok", "👩 ok"),
    "overrides": ("abc\u202edcba\u202c", "abcdcba"),
    "isolates and marks": ("\u2066a\u2069\u200e\u200f\u061c", "a"),
    "selectors as data": ("😀\ufe0f\ufe01\U000e0101\U000e0102", "😀\ufe0f"),
    "selector after a letter": ("a\ufe0fb\U000e0100", "ab"),
    "fillers": ("\u115f\u1160\u3164\uffa0\u034f\u17b4", ""),
    "soft hyphen": ("pho\u00adto", "photo"),
    "annotations": ("a\ufff9b\ufffac\ufffb", "abc"),
    "shorthand and music": ("\U0001bca0\U0001d173", ""),
}


@pytest.mark.parametrize("name", NEEDED)
def test_text_that_needs_joiners_is_unchanged(name: str) -> None:
    assert (
        without_hidden(NEEDED[name]) == visible(NEEDED[name]).replace("\\r", "\r") == NEEDED[name]
    )


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_characters_are_removed(name: str) -> None:
    text, kept = HIDDEN[name]
    assert without_hidden(text) == kept
    assert re.sub(r"\\(u[0-9a-f]{4}|U[0-9a-f]{8}|x[0-9a-f]{2})", "", visible(text)) == kept


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x1b[31m\x85\r", "a\\x00b\\x1b[31m\\x85\\r"),
        ("abc\u202edcba", "abc\\u202edcba"),
        ("half \ud83d pair", "half \\ud83d pair"),
        ("a\U000e0041", "a\\U000e0041"),
    ],
)
def test_invisible_characters_are_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown
    visible(text).encode()


SPECIAL = st.sampled_from("\u200c\u200d\ufe0f\u200b👩🚀यم्\u202e\U000e0041\U000e0100漢a ")


@given(st.text(SPECIAL) | st.text())
def test_removal_is_complete_after_one_pass(text: str) -> None:
    kept = without_hidden(text)
    assert without_hidden(kept) == kept
    visible(text).encode()


@given(st.text(SPECIAL))
def test_text_of_hidden_characters_becomes_empty(text: str) -> None:
    only = re.sub(f"[^{hidden_ranges()}]", "", text)
    assert without_hidden(only) == ""
