"""Tests of `typeset`: text always fits its box."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.every_row import for_all
from tests.unit.video.lessons import HOSTILE, WORDS
from transforms.video.draw.fonts import Style
from transforms.video.draw.line_breaks import ELLIPSIS
from transforms.video.draw.typeset import Block, Typesetter, draw_block

SIZES = (48, 40, 32, 24)
HEADING = Style(700, display=True)

words = st.one_of(
    st.text(max_size=300),
    st.text("aא漢ก🎉क्\u0301 -", max_size=300),
    st.lists(st.sampled_from(sorted(WORDS.values())), max_size=8).map(" ".join),
    st.sampled_from(sorted(HOSTILE.values())),
)


def text_of(block: Block) -> str:
    return "".join(line.text for line in block.lines).replace(" ", "")


def ink(block: Block, align: str, width: int, height: int, margin: int) -> np.ndarray:
    """Draw a block in a box with a margin around it; return the pixels, 0 for background."""
    image = Image.new("RGB", (width + 2 * margin, height + 2 * margin))
    box = (margin, margin, margin + width, margin + height)
    draw_block(image, block, box, (255, 255, 255), align)
    return np.array(image.convert("L"))


@settings(max_examples=60)
@given(words, st.integers(120, 900), st.integers(80, 300), st.sampled_from([1, 2, 5]))
def test_any_text_fits_any_box(text: str, width: int, height: int, most: int) -> None:
    typesetter = Typesetter("en-US")
    block = typesetter.fit(text, width, height, SIZES, style=HEADING, max_lines=most, balance=True)
    assert block.size in SIZES
    assert len(block.lines) <= most
    assert block.width <= width
    assert block.height <= height or len(block.lines) == 1
    prepared = typesetter.prepare(text).replace(" ", "")
    if block.whole:
        assert text_of(block) == prepared
    elif text_of(block) != prepared:
        assert text_of(block).endswith(ELLIPSIS)
        assert prepared.startswith(text_of(block)[: -len(ELLIPSIS)])


@settings(max_examples=40)
@given(words, st.sampled_from(["left", "center", "right"]))
def test_draw_block_draws_only_inside_the_box(text: str, align: str) -> None:
    block = Typesetter("en-US").fit(text, 300, 120, SIZES)
    pixels = ink(block, align, 300, 120, 40)
    pixels[40:160, 40:340] = 0
    assert not pixels.any()


@for_all(list(product(WORDS, ["left", "center", "right"])))
def test_draw_block_clips_no_letter(language: str, align: str) -> None:
    block = Typesetter(language).fit(WORDS[language], 640, 300, SIZES)
    assert block.whole
    snug = ink(block, align, 640, block.height, 0)
    roomy = ink(block, align, 640 + 80, block.height, 0)
    assert snug.sum(dtype=int) == pytest.approx(roomy.sum(dtype=int), rel=0.02)
    assert ink(block, align, 640, block.height + 60, 0)[block.height :].sum() == 0


def test_longer_text_is_set_smaller_then_truncated() -> None:
    typesetter = Typesetter("en-US")
    short, long, endless = (
        typesetter.fit("word " * count, 400, 120, SIZES) for count in (3, 14, 400)
    )
    assert (short.size, short.whole) == (48, True)
    assert (long.size, long.whole) == (24, True)
    assert (endless.size, endless.whole) == (24, False)
    assert endless.lines[-1].text.endswith(ELLIPSIS)


def test_word_is_broken_only_if_no_size_fits() -> None:
    typesetter = Typesetter("en-US")
    held = typesetter.fit("Donaudampfschiff", 300, 200, SIZES)
    assert held.whole
    assert held.size < 48
    assert len(held.lines) == 1
    broken = typesetter.fit("Donaudampfschiff" * 3, 300, 200, SIZES)
    assert not broken.whole
    assert text_of(broken) == "Donaudampfschiff" * 3


def test_balance_makes_lines_equally_long() -> None:
    text = "Why does a lighter trolley speed up so much faster than a full one?"
    loose = Typesetter().fit(text, 700, 200, (40,))
    even = Typesetter().fit(text, 700, 200, (40,), balance=True)
    assert len(even.lines) == len(loose.lines) == 2
    assert even.width < loose.width


@pytest.mark.parametrize(
    ("language", "text", "runs"),
    [
        ("ar", "قوة F = ma", [("F = ma", False), ("قوة ", True)]),
        ("ar", "F = ma قوة", [("قوة", True), (" ", True), ("F = ma", False)]),
        ("en-US", "قوة is force", [("قوة", True), (" ", False), ("is force", False)]),
    ],
)
def test_bidirectional_text_is_in_visual_order(
    language: str, text: str, runs: list[tuple[str, bool]]
) -> None:
    line = Typesetter(language).fit(text, 600, 100, (40,)).lines[0]
    assert [(run.text, run.rtl) for run in line.runs] == runs
    assert line.runs[1].x == pytest.approx(line.runs[0].width)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-CN", ["物体加速度", "的", "大小", "跟", "作用力", "成", "正比。"]),
        ("ja", ["力は", "質量と", "加速度の", "積です。"]),
        ("th", ["ความ", "เร่ง", "แปรผัน", "ตรง", "กับ", "แรงลัพธ์"]),
    ],
)
def test_lines_break_between_words_without_spaces(language: str, words: list[str]) -> None:
    ends = {"".join(words[:n]) for n in range(1, len(words) + 1)}
    for width in range(120, 400, 20):
        block = Typesetter(language).fit("".join(words), width, 400, (24,))
        lines = [line.text for line in block.lines]
        if block.whole:
            assert {"".join(lines[:n]) for n in range(1, len(lines) + 1)} <= ends


@pytest.mark.parametrize("case", HOSTILE)
def test_prepare_sanitises_hostile_text(case: str) -> None:
    prepared = Typesetter().prepare(HOSTILE[case])
    assert Typesetter().prepare(prepared) == prepared
    assert "\x00" not in prepared
    assert "\u202e" not in prepared
