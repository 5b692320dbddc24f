"""Every script has a font, and what has none is left out instead of becoming a box."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.every_row import for_all
from tests.unit.video.lessons import HOSTILE, WORDS
from transforms.video.draw.drawable_text import clean
from transforms.video.draw.fonts import Style, covers, drawable, fallback_runs, font, versions


@for_all(list(WORDS))
def test_a_sentence_of_every_script_can_be_drawn_whole(language: str) -> None:
    words = clean(WORDS[language])
    assert drawable(words, language) == words


@given(st.text().map(clean), st.sampled_from(sorted(WORDS)))
def test_no_run_has_a_character_its_font_lacks(text: str, language: str) -> None:
    runs = fallback_runs(text, language)
    assert all(covers(face, part) for face, part in runs)
    assert "".join(part for _, part in runs).strip() == drawable(text, language)


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("Force", ["Inter"]),
        ("сила δύναμη", ["Inter"]),
        ("قوة", ["NotoSansArabic"]),
        ("קו", ["NotoSansHebrew"]),
        ("बल", ["NotoSansDevanagari"]),
        ("力", ["NotoSansCJK"]),
        ("🎉", ["NotoEmoji"]),
        ("a 力 b", ["Inter", "NotoSansCJK", "Inter"]),
        ("🎉 a", ["NotoEmoji", "Inter"]),
        ("x ∈ ℝ", ["Inter", "DejaVuSans", "Inter", "NotoSans["]),
        ("قوة، قوة.", ["NotoSansArabic"]),
    ],
)
def test_the_right_font_is_chosen(text: str, files: list[str]) -> None:
    chosen = [Path(face.path).name for face, _ in fallback_runs(text, "en-US")]
    assert len(chosen) == len(files)
    assert all(name.startswith(start) for name, start in zip(chosen, files, strict=True))


def test_ideographs_take_the_form_of_the_language() -> None:
    faces = {tag: fallback_runs("直", tag)[0][0].index for tag in ("ja", "ko-KR", "zh-CN", "zh-TW")}
    assert len(set(faces.values())) == 4
    assert fallback_runs("直", "en")[0][0].index == faces["zh-CN"]


def test_what_no_font_can_draw_is_left_out() -> None:
    assert drawable("a\U0001b170b", "en-US") == "ab"
    assert drawable(clean(HOSTILE["only marks"]), "en-US") in ("", clean(HOSTILE["only marks"]))


def test_weight_and_cut_change_the_letters() -> None:
    face = fallback_runs("n", "en")[0][0]
    widths = {
        font(face, 40, style).getlength("nnn")
        for style in (Style(400), Style(700), Style(700, display=True))
    }
    assert len(widths) == 3


def test_the_versions_of_the_fonts_are_known() -> None:
    assert versions()["fontpkg-inter"]
