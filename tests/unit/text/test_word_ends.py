"""Tests of the ends of words in scripts without spaces."""

from __future__ import annotations

from itertools import pairwise

from tests.every_row import for_all
from transforms.text.word_ends import word_ends

WORDS = [
    ("zh-CN", "物体加速度的大小跟作用力", ["物体加速度", "的", "大小", "跟", "作用力"]),
    ("zh-TW", "今天是晴天", ["今天", "是", "晴天"]),
    ("zh-Hant", "今天是晴天", ["今天", "是", "晴天"]),
    ("ja", "力は質量と加速度の積です", ["力は", "質量と", "加速度の", "積です"]),
    ("en-US", "力は質量と加速度の積です", ["力は", "質量と", "加速度の", "積です"]),
    ("th", "ไปโรงเรียน", ["ไป", "โรงเรียน"]),
    ("ko", "뉴턴의 법칙", []),
    ("en-US", "words with spaces", []),
]  # fmt: skip


@for_all(WORDS)
def test_words_end_where_readers_see_them(language: str, text: str, words: list[str]) -> None:
    ends = sorted(word_ends(text, language))
    found = [text[a:b] for a, b in pairwise([0, *ends])]
    assert found == words
