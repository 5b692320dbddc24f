"""Visuals that cannot be drawn are told apart, and become bullets."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unit.pictures.samples import CART
from tests.unit.script.support import request
from transforms.model import Visual
from transforms.script.cards.concept_card import load_cards
from transforms.script.engines.offline.compose import compose
from transforms.script.visual_rules import visual_problem, with_drawable_visuals

LESSON = compose(load_cards().cards["gravity"], request(), None)


@pytest.mark.parametrize(
    ("visual", "problem"),
    [
        (Visual(), ""),
        (Visual("quote", "Be kind."), ""),
        (Visual("quote", ""), "must not be empty"),
        (Visual("definition", "A push or a pull.", ("force",)), ""),
        (Visual("formula", r"\frac{F}{m}", ("F: force",)), ""),
        (Visual("formula", r"\frac{F}{m"), "must be LaTeX"),
        (Visual("formula", "$F$"), "must be LaTeX"),
        (Visual("formula", "F", tuple("abcdefg")), "at most 6 entries, has 7"),
        (Visual("worked", "F = m a", ("one", "two")), ""),
        (Visual("worked", "F = m a", ("one",)), "2 to 6 entries, has 1"),
        (Visual("plot", "Speed", ("1: 5", "2: −2.5")), ""),
        (Visual("plot", "Speed", ("1: slow", "2: fast")), '"label: number"'),
        (Visual("number-line", "", ("a: 1", "b")), '"label: number"'),
        (Visual("timeline", "", ("1687", "1905")), '"when: what"'),
        (Visual("comparison", "", ("a | b | c", "d | e")), '"left | right"'),
        (Visual("picture", json.dumps(CART)), ""),
        (Visual("picture", json.dumps(CART | {"forces": []})), "must be a picture: "),
        (Visual("picture", "{}"), "`template` must be one of"),
        (Visual("cycle", "", ("rain", "river", "sea")), ""),
    ],
)
def test_problem_names_what_is_wrong(visual: Visual, problem: str):
    found = visual_problem(visual)
    assert problem in found if problem else found == ""


def test_undrawable_visual_becomes_bullets():
    assert with_drawable_visuals(LESSON) is LESSON
    broken = replace(LESSON.scenes[0], visual=Visual("plot", "", ("a: b", "c: d")))
    shown = with_drawable_visuals(replace(LESSON, scenes=(broken, *LESSON.scenes[1:])))
    assert shown.scenes[0] == replace(broken, visual=Visual())
    assert shown.scenes[1:] == LESSON.scenes[1:]
