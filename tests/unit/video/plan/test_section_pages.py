"""Slides do not set what is only said again: they keep a picture, or show the other lines."""

from __future__ import annotations

import json

import pytest

from tests.unit.pictures.samples import CART, SEARCH
from transforms.model import Section, Visual
from transforms.pictures.picture import read_picture
from transforms.video.plan.section_pages import slide_contents

SAID = "Push a full cart. It hardly moves. So more mass needs more force."
POINT = "So more mass needs more force."
NUMBER = Visual("formula", "F = m a")
TOLD = Visual("picture", json.dumps(CART | {"beats": [{"sentence": 0, "show": "net"}]}))
OTHER = Visual("picture", json.dumps(SEARCH))


def scene(visual: Visual, *lines: str, said: str = SAID) -> Section:
    return Section("scene", "A heading", said, lines, visual)


@pytest.mark.parametrize(
    ("visual", "lines", "shown"),
    [
        (NUMBER, ("It hardly moves.", "more mass, more force"), ("more mass, more force",)),
        (NUMBER, ("It hardly moves.",), ()),
        (Visual("quote", POINT), ("Push a full cart.", "It hardly moves."), ()),
        (Visual(), ("It hardly moves.",), ("It hardly moves.",)),
        (Visual("picture", "no JSON"), ("It hardly moves.",), ("It hardly moves.",)),
        (TOLD, ("more mass, more force",), ()),
    ],
    ids=["some", "all", "quote", "no visual", "broken picture", "picture"],
)
def test_no_line_repeats_a_sentence_beside_a_visual(
    visual: Visual, lines: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    [content] = slide_contents([scene(visual, *lines)])
    assert content.lines == shown


@pytest.mark.parametrize(
    "repeating",
    [scene(Visual("quote", POINT), "It hardly moves."), scene(Visual(), POINT), scene(Visual())],
    ids=["quote", "bullets", "empty"],
)
def test_slide_that_only_repeats_keeps_the_latest_picture(repeating: Section) -> None:
    sections = [scene(OTHER), scene(TOLD), scene(NUMBER, "A line."), repeating]
    *_, kept = slide_contents(sections)
    picture = read_picture(kept.visual.text)
    assert kept.lines == picture.beats == ()
    assert picture.at_start() == picture.at_end() == read_picture(TOLD.text).at_end()


@pytest.mark.parametrize(
    "telling",
    [
        scene(Visual("quote", POINT, ("Isaac Newton",))),
        scene(Visual(), "more mass, more force"),
        scene(Visual("definition", POINT, ("Mass",))),
        scene(Visual("steps", items=(POINT,))),
        Section("takeaways", "Remember", POINT, (POINT,)),
    ],
    ids=["author", "other words", "definition", "steps", "takeaways"],
)
def test_slide_with_content_of_its_own_shows_it(telling: Section) -> None:
    *_, content = slide_contents([scene(TOLD), telling])
    assert content.visual == telling.visual
    assert content.lines == telling.bullets


def test_picture_of_a_later_slide_is_not_shown_early() -> None:
    first, _ = slide_contents([scene(Visual("quote", POINT)), scene(TOLD)])
    assert first.visual == Visual("quote", POINT)


def test_kept_picture_hides_what_a_later_slide_shows() -> None:
    later = Visual("picture", json.dumps(CART | {"later": ["rub"]}))
    _, kept = slide_contents([scene(later), scene(Visual("quote", POINT))])
    assert read_picture(kept.visual.text).at_end()["rub"] == 0
