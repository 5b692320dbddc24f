"""Tests of `fonts`: font choice per script; characters without a font are removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.every_row import for_all
from tests.unit.video.lessons import HOSTILE, WORDS
from transforms.text.drawable_text import clean
from transforms.video.draw.fonts import Style, covers, drawable, fallback_runs, load_font, versions


@for_all(list(WORDS))
def test_fonts_cover_a_sentence_of_every_script(language: str) -> None:
    words = clean(WORDS[language])
    assert drawable(words, language) == words


@given(st.text().map(clean), st.sampled_from(sorted(WORDS)))
def test_every_run_is_covered_by_its_font(text: str, language: str) -> None:
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
def test_font_is_chosen_by_script(text: str, files: list[str]) -> None:
    chosen = [Path(face.path).name for face, _ in fallback_runs(text, "en-US")]
    assert len(chosen) == len(files)
    assert all(name.startswith(start) for name, start in zip(chosen, files, strict=True))


def test_ideographs_use_regional_forms_of_the_language() -> None:
    faces = {tag: fallback_runs("直", tag)[0][0].index for tag in ("ja", "ko-KR", "zh-CN", "zh-TW")}
    assert len(set(faces.values())) == 4
    assert fallback_runs("直", "en")[0][0].index == faces["zh-CN"]
    assert fallback_runs("直", "zh-Hant-HK")[0][0].index == fallback_runs("直", "zh-HK")[0][0].index


def test_characters_without_a_font_are_removed() -> None:
    assert drawable("a\U0001b170b", "en-US") == "ab"
    assert drawable(clean(HOSTILE["only marks"]), "en-US") in ("", clean(HOSTILE["only marks"]))


def test_weight_and_cut_change_letter_widths() -> None:
    face = fallback_runs("n", "en")[0][0]
    widths = {
        load_font(face, 40, style).getlength("nnn")
        for style in (Style(400), Style(700), Style(700, display=True))
    }
    assert len(widths) == 3


def test_versions_include_the_font_packages() -> None:
    assert versions()["fontpkg-inter"]
