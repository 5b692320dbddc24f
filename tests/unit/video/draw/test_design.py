"""Tests of `design`: legible colours for every subject."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from tests.every_row import for_all
from transforms.script.cards.concept_card import Subject
from transforms.video.draw.design import (
    CAPTION_GROUND,
    CAPTION_INK,
    THEMES,
    contrast,
    mix,
    theme,
)

AA = 4.5
"""WCAG 2.2, success criterion 1.4.3."""


def test_contrast_follows_wcag_definition() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@for_all(list(product(THEMES, ["dark", "light"])))
def test_every_text_colour_meets_wcag_aa(name: str, shade: str) -> None:
    palette = getattr(THEMES[name], shade)
    grounds = (palette.background, palette.surface, palette.tint)
    for text, ground in product((palette.ink, palette.muted, palette.accent), grounds):
        assert contrast(text, ground) >= AA, (text, ground)
    assert contrast(palette.on_accent, palette.accent) >= AA
    assert contrast(palette.accent, palette.line) >= 3  # WCAG 1.4.11: the progress bar


def test_burned_in_captions_meet_wcag_aaa() -> None:
    assert contrast(CAPTION_INK, CAPTION_GROUND) >= 7  # WCAG 1.4.6, AAA: they come and go


def test_every_subject_has_its_own_theme() -> None:
    assert {theme(subject).name for subject in get_args(Subject)} == set(get_args(Subject))


@pytest.mark.parametrize("subject", ["Physics", "earth science", "Earth_Science", " maths "])
def test_theme_lookup_ignores_case_and_separators(subject: str) -> None:
    assert theme(subject).name != "default"


def test_unknown_subject_gets_default_theme() -> None:
    assert theme("underwater basket weaving").name == "default"


def test_mix_interpolates_each_channel() -> None:
    assert mix((0, 0, 0), (100, 200, 255), 0.5) == (50, 100, 128)
