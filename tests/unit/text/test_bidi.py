"""Visual order of mixed-direction text equals that of GNU FriBidi."""

from __future__ import annotations

from unicodedata import bidirectional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.text.bidi import embedding_levels, is_rtl, visual_order


def starts_rtl(text: str) -> bool:
    """Return True if the first strong letter runs from right to left, as FriBidi assumes."""
    return next((kind for kind in map(bidirectional, text) if kind in ("L", "R", "AL")), "L") != "L"


def levels(text: str) -> str:
    return "".join(map(str, embedding_levels(text, starts_rtl(text))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc 123", "0000000"),
        ("אבג", "111"),
        ("ab אב cd", "00011000"),
        ("אב ab 12", "11122222"),
        ("אב 12.5%", "11122222"),
        ("אב 1 + 2", "11121112"),
        ("ab (אב) cd", "0000110000"),
        ("אב (ab) גד", "1111221111"),
        ("אב (ab) cd", "1111221122"),
        ("٣٤ + ٥", "221112"),
        ("د 12,5", "112222"),
    ],
)
def test_embedding_levels_match_fribidi(text: str, expected: str) -> None:
    assert levels(text) == expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [("abc", "abc"), ("אבג", "גבא"), ("אב 12", "12 בא"), ("ab אב cd", "ab בא cd")],
)
def test_visual_order_matches_fribidi(text: str, shown: str) -> None:
    assert "".join(visual_order(embedding_levels(text, starts_rtl(text)), text)) == shown


@pytest.mark.parametrize(
    ("text", "language", "rtl"),
    [
        ("NaCl هو ملح", "ar", True),
        ("(1) אב", "he-IL", True),
        ("אב ab", "en-US", False),
        ("F = ma", "he", False),
        ("12 + 3", "he", False),
        ("واحد", "ur-Arab-PK", True),
        ("ערב", "ar-Latn", False),
        ("", "ar", False),
    ],
)
def test_language_sets_base_direction(text: str, language: str, rtl: bool) -> None:
    assert is_rtl(text, language) is rtl


@given(st.text(), st.booleans())
def test_visual_order_is_a_permutation(text: str, rtl: bool) -> None:
    found = embedding_levels(text, rtl)
    assert len(found) == len(text)
    assert all(int(rtl) <= level <= 2 for level in found)
    assert sorted(visual_order(found, range(len(text)))) == list(range(len(text)))
