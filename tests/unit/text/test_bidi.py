"""Visual order of mixed-direction text equals that of GNU FriBidi."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.text.bidi import embedding_levels, is_rtl, visual_order


def levels(text: str) -> str:
    return "".join(map(str, embedding_levels(text, is_rtl(text))))


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
    assert "".join(visual_order(embedding_levels(text, is_rtl(text)), text)) == shown


@pytest.mark.parametrize(
    ("text", "rtl"), [("(1) אב", True), ("(1) ab אב", False), ("12", False), ("", False)]
)
def test_first_strong_letter_sets_base_direction(text: str, rtl: bool) -> None:
    assert is_rtl(text) is rtl


@given(st.text(), st.booleans())
def test_visual_order_is_a_permutation(text: str, rtl: bool) -> None:
    found = embedding_levels(text, rtl)
    assert len(found) == len(text)
    assert all(int(rtl) <= level <= 2 for level in found)
    assert sorted(visual_order(found, range(len(text)))) == list(range(len(text)))
