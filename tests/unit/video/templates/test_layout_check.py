"""Labels of pictures fit, keep apart and stand out, or the picture is named for a repair."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from tests.unit.pictures.samples import SAMPLES, SEARCH, VARIANTS, WAR, with_second
from tests.unit.pictures.test_picture import changed
from tests.unit.script.support import request
from tests.unit.video.lessons import LESSON
from tests.unit.video.templates.test_stage import with_beats
from transforms.model import Scene, Visual
from transforms.script.checks.pictures import LayoutCheck
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import THEMES
from transforms.video.picture_layouts import find_layout_problems
from transforms.video.templates import layout_check
from transforms.video.templates.layout_check import (
    CLIPPED,
    FAINT,
    OUTSIDE,
    OVERLAPPING,
    ROOM,
    layout_problems,
)
from transforms.video.templates.shapes import Disc, Text

LONG = "pneumonoultramicroscopicsilicovolcanoco"
CROWDED = WAR | {
    "events": [
        {
            "id": f"e{at}",
            "when": f"191{4 + at // 4}-0{1 + at}",
            "label": f"Event number {at} {LONG[:20]}",
        }
        for at in range(6)
    ]
}


@pytest.mark.parametrize(("template", "subject"), list(product(SAMPLES, ("physics", "history"))))
def test_samples_are_legible(template: str, subject: str) -> None:
    assert subject in THEMES
    assert layout_problems(json.dumps(with_beats(SAMPLES[template])), "en", subject) == ()


@pytest.mark.parametrize("variant", VARIANTS)
def test_pictures_beside_each_other_are_legible(variant: str) -> None:
    assert layout_problems(json.dumps(with_beats(with_second(variant))), "de", "history") == ()


@pytest.mark.parametrize(
    ("picture", "problem"),
    [
        (changed(SEARCH, "cells", [number * 1e14 + 1 for number in range(10)]), CLIPPED),
        (changed(WAR, "events.0.label", LONG), CLIPPED),
        (CROWDED, OVERLAPPING),
    ],
)
def test_illegible_picture_is_named(picture: dict[str, Any], problem: str) -> None:
    picture = {key: value for key, value in picture.items() if key not in ("search", "states")}
    assert problem in layout_problems(json.dumps(picture))


@pytest.mark.parametrize(
    ("shapes", "problems"),
    [
        ([Text("word", Box(100, 300, 200, 40), (0, 0, 0))], ()),
        ([Text("word", Box(100, 300, 20, 40), (0, 0, 0))], (CLIPPED,)),
        ([Text("word", Box(100, 700, 200, 40), (0, 0, 0))], (OUTSIDE,)),
        ([Disc(ROOM.right, 300, 60, (0, 0, 0))], (OUTSIDE,)),
        ([Text("word", Box(100, 300, 200, 40), (225, 225, 225))], (FAINT,)),
        ([Disc(200, 320, 80, (60, 60, 60)), Text("word", Box(100, 300, 200, 40), (0, 0, 0))],
         (FAINT,)),
        ([Text("one", Box(100, 300, 200, 40), (0, 0, 0)),
          Text("two", Box(110, 310, 200, 40), (0, 0, 0))], (OVERLAPPING,)),
    ],
)  # fmt: skip
def test_each_rule_finds_its_fault(
    shapes: list[Any], problems: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout_check, "draw_picture", lambda *_: shapes)
    layout_problems.cache_clear()
    found = {*layout_problems(json.dumps(SEARCH))} - ({FAINT} if FAINT not in problems else set())
    layout_problems.cache_clear()
    assert found == set(problems)


def test_illegible_picture_is_repaired_or_left_out() -> None:
    bad, good = (Visual("picture", json.dumps(each)) for each in (CROWDED, SEARCH))
    scenes = tuple(Scene("A", "One.", ("b",), visual) for visual in (good, bad))
    script = replace(LESSON, scenes=scenes)
    check = LayoutCheck(find_layout_problems)
    found = check(script, request())
    assert {(each.severity, each.check) for each in found} == {("repair", "pictures")}
    assert all(each.text.startswith("scenes.1.picture: ") for each in found)
    legible = check.without_illegible(script)
    assert [scene.visual for scene in legible.scenes] == [good, Visual()]
    assert check.without_illegible(legible) is legible
