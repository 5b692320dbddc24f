"""Tests of `slides` and the layouts: all content stays inside its area."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tests.every_row import for_all
from tests.unit.maths.formulas import ODD
from tests.unit.video.lessons import HOSTILE, VISUALS, WORDS
from transforms.model import Visual
from transforms.video.draw import canvas as canvas_module
from transforms.video.draw.canvas import Box, Canvas, Pixels
from transforms.video.draw.design import CONTENT_BOTTOM, MARGIN, THEMES
from transforms.video.draw.elements import stack
from transforms.video.draw.fonts import Style
from transforms.video.draw.typeset import Typesetter
from transforms.video.pictures.formula import formula_mask
from transforms.video.plan.pages import Page, element_texts
from transforms.video.slides.draw_slide import Slide, draw_progress, draw_slide

WIDTH, HEIGHT = 1280, 720
SLACK = 4
"""Pixels; boxes are rounded to even edges."""

BULLETS = ("Double the force: double the acceleration", "Double the mass: half of it")
SCENE = Page("scene", "physics", "en-US", "Physics · 1 of 2", "Force and mass", BULLETS)
PAGES = {
    "title": replace(SCENE, kind="title", lines=("Why is a full trolley harder to push?",)),
    "long title": replace(
        SCENE,
        kind="title",
        heading="Photosynthesis and respiration as two halves of one cycle that feeds the world",
        lines=(
            "Every breath you take was once the waste of a leaf, and every meal was light. " * 5,
        ),
    ),
    "bullets": SCENE,
    "takeaways": replace(SCENE, kind="takeaways"),
    "end": replace(SCENE, kind="end"),
    "intro": replace(SCENE, kind="intro", lines=()),
    "quiz": replace(SCENE, kind="quiz", lines=("3 N", "5 N", "9 N", "12 N")),
    "answer": replace(SCENE, kind="answer", lines=("3 N", "5 N"), answer=1, note="It is so."),
    **{
        f"{visual.kind} {number}{' full width' * full_width}": replace(
            SCENE, visual=visual, lines=() if full_width else BULLETS
        )
        for number, visual in enumerate(VISUALS)
        for full_width in (False, True)
    },
}


def difference(one: Image.Image, other: Image.Image) -> NDArray[np.bool_]:
    return (np.asarray(one) != np.asarray(other)).any(axis=2)


def overlap(one: Pixels, other: Pixels) -> tuple[int, int]:
    return (
        min(one[2], other[2]) - max(one[0], other[0]),
        min(one[3], other[3]) - max(one[1], other[1]),
    )


def check(slide: Slide, page: Page) -> None:
    """Assert the invariants of every slide."""
    assert len(slide.boxes) == sum(len(group) for group in element_texts(page))
    drawn = difference(slide.base, slide.full)
    outside = drawn.copy()
    for left, top, right, bottom in slide.boxes:
        assert left % 2 == top % 2 == right % 2 == bottom % 2 == 0
        assert MARGIN - 40 <= left < right <= WIDTH - MARGIN + 40
        assert 0 < top < bottom <= CONTENT_BOTTOM + SLACK
        assert drawn[top:bottom, left:right].any()
        outside[top:bottom, left:right] = False
    assert not outside.any()
    for one, other in combinations(slide.boxes, 2):
        assert min(overlap(one, other)) <= SLACK
    static = difference(slide.blank, slide.base)
    assert not static[: slide.strip.height].any()
    assert not static[:, : MARGIN - SLACK].any()
    assert not static[:, WIDTH - MARGIN + SLACK :].any()
    assert not static[CONTENT_BOTTOM + SLACK :].any()


@for_all(PAGES)
def test_elements_stay_inside_boxes_and_margins(page: Page) -> None:
    check(draw_slide(page, WIDTH, HEIGHT), page)


@for_all(list(THEMES))
def test_title_slide_of_every_theme_has_ornament(subject: str) -> None:
    slide = draw_slide(replace(PAGES["title"], subject=subject), WIDTH, HEIGHT)
    ornament = slide.blank.crop((WIDTH // 2, 0, WIDTH, HEIGHT))
    assert len(ornament.getcolors(WIDTH * HEIGHT) or ()) > 20
    assert not difference(slide.blank, slide.base)[:, 820:].any()


@settings(max_examples=25)
@given(
    st.sampled_from(["intro", "title", "scene", "takeaways", "quiz", "answer", "end"]),
    st.one_of(st.text(max_size=200), st.sampled_from(sorted({**HOSTILE, **WORDS}.values()))),
    st.sampled_from(VISUALS),
    st.sampled_from(sorted(WORDS)),
    st.integers(0, 9),
)
def test_any_text_stays_inside_boxes_and_margins(
    kind: str, text: str, visual: Visual, language: str, count: int
) -> None:
    words = Typesetter(language).prepare(text)
    items = (words,) * count if words else ()
    page = Page(
        kind,  # type: ignore[arg-type]
        words,
        language,
        words,
        words,
        items,
        replace(visual, items=items, text=words),
        answer=count // 2,
        note=words,
    )
    check(draw_slide(page, WIDTH, HEIGHT), page)


def test_right_to_left_slides_are_mirrored() -> None:
    page = PAGES["steps 0"]
    left = draw_slide(page, WIDTH, HEIGHT).boxes
    right = draw_slide(replace(page, language="ar"), WIDTH, HEIGHT).boxes
    assert [(WIDTH - b[2], b[1], WIDTH - b[0], b[3]) for b in right] == list(left)


def test_layout_scales_with_the_picture_size() -> None:
    page = PAGES["steps 0"]
    small = draw_slide(page, WIDTH, HEIGHT).boxes
    large = draw_slide(page, 1920, 1080).boxes
    assert np.abs(np.array(large) / 1.5 - np.array(small)).max() <= 8


def test_progress_bar_fills_section_by_section() -> None:
    slide = draw_slide(SCENE, WIDTH, HEIGHT)
    accent = THEMES["physics"].light.accent
    filled = []
    for section, share in ((0, 0.0), (0, 0.5), (1, 0.0), (3, 1.0)):
        bar = draw_progress(SCENE, slide.strip, HEIGHT, section, 4, share)
        filled.append(int((np.asarray(bar) == accent).all(axis=2).any(axis=0).sum()))
    assert filled[0] == 0
    assert filled[1] == pytest.approx(filled[2] / 2, abs=4)
    assert filled[3] == pytest.approx(filled[2] * 4, abs=16)


def test_fraction_is_typeset_in_two_levels() -> None:
    fraction, line = (formula_mask(text, 48) for text in (r"\frac{a}{b}", "a b"))
    assert fraction is not None
    assert line is not None
    assert fraction.height > 2 * line.height


@pytest.mark.parametrize(
    "text",
    ["", r"\frac{", r"\nonsense{x}", "a $ b", "x" * 5000, " ", "力 = 1", *ODD],
)
def test_invalid_formula_has_no_mask(text: str) -> None:
    assert formula_mask(text, 40) is None


def test_stack_squeezes_rows_that_are_too_tall() -> None:
    canvas = Canvas(Image.new("RGB", (WIDTH, HEIGHT)), 1.0, (0, 0, 0), Typesetter())
    block = canvas.fit("x", 400, 100, (40,), style=Style(), leading=1.3)
    area = Box(0, 10, 400, 200)
    rows = stack(canvas, [[block]] * 9, area, padding=20, gap=12)
    assert rows[0].y == area.y
    assert rows[-1].bottom == pytest.approx(area.bottom)
    assert all(a.bottom <= b.y + 1e-9 for a, b in pairwise(rows))
    roomy = stack(canvas, [[block]] * 2, area, padding=20, gap=12)
    assert roomy[1].y - roomy[0].bottom == 12


@pytest.mark.parametrize("rtl", [False, True])
@pytest.mark.parametrize(
    "box", [Box(3.4, 5.7, 611, 300.2), Box(-40, 20, 560, 400), Box(9, 9, 9, 340)]
)
def test_drawing_a_mask_in_parts_changes_nothing(
    box: Box, rtl: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = []
    for large in (1, WIDTH * HEIGHT + 1):  # always in parts, or never
        monkeypatch.setattr(canvas_module, "_LARGE_MASK", large)
        image = Image.new("RGB", (WIDTH, HEIGHT))
        canvas = Canvas(image, 0.9, (0, 0, 0), Typesetter(), rtl)
        canvas.rounded(box, (255, 255, 255), 14, outline=(255, 0, 0))
        cards.append(np.asarray(image))
    assert cards[0].any()
    assert (cards[0] == cards[1]).all()
