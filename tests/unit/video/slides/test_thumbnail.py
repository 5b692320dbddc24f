"""Tests of `thumbnail`: choice of the page and its alternative text."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.video.slides.test_draw_slide import PAGES, SCENE
from transforms.model import Visual
from transforms.video.slides.thumbnail import alt_text, best_page

TITLE = replace(PAGES["title"], heading="Newton’s second law")
PLOT = replace(SCENE, visual=Visual("plot", "", ("light: 4", "heavy: 1")))
FORMULA = replace(SCENE, visual=Visual("formula", "F = m a"))


def test_legible_title_is_the_thumbnail() -> None:
    assert best_page([TITLE, PLOT, FORMULA]) == TITLE


def test_visual_replaces_title_in_small_letters() -> None:
    endless = replace(TITLE, heading="Everything there is to know about forces and motion " * 6)
    assert best_page([endless, SCENE, PLOT, FORMULA]) == FORMULA
    assert best_page([endless, SCENE, PLOT]) == PLOT
    assert best_page([endless, SCENE]) == endless


def test_lesson_without_title_slide_has_a_thumbnail() -> None:
    assert best_page([SCENE, PLOT]) in (SCENE, PLOT)


def test_alt_text_names_heading_and_visual() -> None:
    assert alt_text(TITLE, "Newton’s second law") == "Newton’s second law"
    assert alt_text(PLOT, "Forces") == "Forces. Force and mass: light: 4; heavy: 1"
    assert alt_text(FORMULA, "Forces") == "Forces. Force and mass: F = m a"
