"""Tests of `drawable_text`: cleaning and break points."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.text.drawable_text import MAX_MARKS, break_points, clean, graphemes


def pieces(text: str) -> list[str]:
    points = [0, *break_points(text, "en-US"), len(text)]
    return [text[a:b] for a, b in pairwise(points)]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("  two\twords \n", "two words"),
        ("a\x00b\x1bc\x7f", "abc"),
        ("left\u202eright\u2066x\u2069", "leftrightx"),
        ("soft\u00adhyphen", "softhyphen"),
        ("private\ue000 tag\U000e0041", "private tag"),
        ("e\u0301", "é"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("❤\ufe0f", "❤"),
    ],
)
def test_clean_keeps_only_displayable_characters(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_clean_limits_stacked_combining_marks() -> None:
    assert len(clean("q" + "\u0316" * 50)) == 1 + MAX_MARKS


@given(st.text())
def test_clean_removes_controls_from_any_text(text: str) -> None:
    shown = clean(text)
    assert clean(shown) == shown
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Co", "Cn"}
    assert "  " not in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two words", ["two ", "words"]),
        ("well-known and/or", ["well-", "known ", "and/", "or"]),
        ("x = -5", ["x ", "= ", "-5"]),
        ("牛顿，第二（定律）。", ["牛顿，", "第二", "（定律）。"]),
        ("力は質量と加速度の積です", ["力は", "質量と", "加速度の", "積です"]),
        ("ちょっと", ["ちょっと"]),
        ("ไปโรงเรียน", ["ไป", "โรงเรียน"]),
        ("뉴턴의 법칙", ["뉴턴의 ", "법칙"]),
    ],
)
def test_break_points_follow_each_script(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


@given(st.text().map(clean))
@example("0 ำ")
def test_no_break_point_falls_inside_a_grapheme(text: str) -> None:
    ends = {0}
    for letter in graphemes(text):
        ends.add(max(ends) + len(letter))
    assert set(break_points(text, "en-US")) <= ends
