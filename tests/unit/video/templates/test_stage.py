"""Frames of pictures: only what changes is drawn again, and the last state is the still."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.unit.pictures.samples import BESIDE, CART, SAMPLES, SEARCH, VARIANTS, with_second
from transforms.model import Sentence, Visual
from transforms.pictures.picture import build_picture
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import theme
from transforms.video.encode.planes import empty_planes, to_planes
from transforms.video.plan.pages import Look, Page
from transforms.video.plan.picture_beats import picture_beats
from transforms.video.plan.storyboard import Shot
from transforms.video.plan.timeline import SMOOTH
from transforms.video.slides.composer import pictures
from transforms.video.slides.draw_slide import SlideDrawing, draw_slide
from transforms.video.slides.thumbnail import alt_text, best_page
from transforms.video.templates.shapes import Disc, Line, Shape, View
from transforms.video.templates.stage import draw_picture

SIZE = (320, 180)
EVERY_PICTURE = pytest.mark.parametrize(
    "picture",
    [*VARIANTS.values(), *map(with_second, SAMPLES)],
    ids=[*VARIANTS, *(f"{template}-beside" for template in SAMPLES)],
)


def with_beats(picture: dict[str, Any]) -> dict[str, Any]:
    """Return a picture whose elements and states are shown one by one."""
    built = build_picture(picture)
    names = (*built.elements(), *built.states)
    return picture | {"beats": [{"sentence": i, "show": name} for i, name in enumerate(names)]}


def page_of(picture: dict[str, Any], look: str = "light") -> Page:
    visual = Visual("picture", json.dumps(picture))
    chosen = Look(look)  # type: ignore[arg-type]
    return Page("scene", "physics", "en-US", "Physics", "Heading", (), visual, look=chosen)


@pytest.mark.parametrize("look", ["light", "dark"])
@EVERY_PICTURE
def test_parts_make_up_the_whole_frame(picture: dict[str, Any], look: str) -> None:
    page = page_of(with_beats(picture), look)
    count = len(json.loads(page.visual.text)["beats"])
    moving, fresh = SlideDrawing(page, *SIZE), SlideDrawing(page, *SIZE)
    for drawing in (moving, fresh):
        drawing.draw_base()
    assert moving.stage is not None
    assert fresh.stage is not None
    for step in range(2 * count + 1):
        shares = [min(1.0, max(0.0, step / 2 - beat)) for beat in range(count)]
        box = moving.stage.show(shares)
        assert not any(edge % 2 for edge in box)
        moving.picture.paste(moving.stage.part(box), box)
    box = fresh.stage.show([1.0] * count)
    fresh.picture.paste(fresh.stage.part(box), box)
    assert moving.picture.tobytes() == fresh.picture.tobytes()
    assert moving.picture.tobytes() == draw_slide(page, *SIZE).full.tobytes()


@EVERY_PICTURE
def test_every_beat_changes_the_picture(picture: dict[str, Any]) -> None:
    page = page_of(with_beats(picture))
    count = len(json.loads(page.visual.text)["beats"])
    drawing = SlideDrawing(page, *SIZE)
    drawing.draw_base()
    assert drawing.stage is not None
    for beat in range(count):
        later = [0.0] * (count - beat - 1)
        boxes = [drawing.stage.show([*[1.0] * beat, share, *later]) for share in (0.4, 1.0)]
        assert all(box[2] - box[0] > 2 for box in boxes), f"beat {beat} shows nothing"


def test_frames_are_drawn_only_while_beats_run() -> None:
    page = page_of(with_beats(SEARCH))
    beats = ((10, 5), (30, 6), (50, SMOOTH), (100, 5))
    shot = Shot(page, 0, 0, 120, (), ((0, 0.0),), clears=False, beats=beats)
    frames = {n: plane.copy() for n, plane in pictures(shot, 1, *SIZE, clears=False)}
    movement = range(50, 50 + SMOOTH)
    assert sorted(frames) == [0, 10, 12, 14, 30, 32, 34, *movement, 100, 102, 104]
    still = draw_slide(page, *SIZE).full
    again = {n: plane.copy() for n, plane in pictures(shot, 1, *SIZE, clears=False)}
    assert all(np.array_equal(frames[n], again[n]) for n in frames)
    below = slice(20, SIZE[1])  # the progress bar is drawn by itself
    assert np.array_equal(frames[104][below], flat(still)[below])


def flat(image: Image.Image) -> NDArray[np.uint8]:
    """Return a picture as the encoder gets it."""
    buffer, planes = empty_planes(*image.size)
    planes.put(to_planes(image))
    return buffer


def test_beats_begin_with_their_words() -> None:
    picture = CART | {
        "beats": [
            {"sentence": 0, "show": "push"},
            {"sentence": 1, "share": 0.5, "show": "net"},
            {"sentence": 1, "share": 0.5, "show": "go"},
            {"sentence": 9, "show": "rub"},
        ]
    }
    spoken = [Sentence("One.", 1.0, 3.0, 0), Sentence("Two.", 3.0, 9.0, 0)]
    beats = picture_beats(Visual("picture", json.dumps(picture)), spoken, 250)
    assert beats == ((26, 24), (176, 45), (176, 67), (86, 24))
    short = picture_beats(Visual("picture", json.dumps(picture)), spoken, 100)
    assert all(start + length < 100 for start, length in short)


def test_picture_is_the_thumbnail_of_a_long_title() -> None:
    page = page_of(CART)
    title = replace(page, kind="title", heading="long " * 60, visual=Visual())
    assert best_page([title, page]) == page
    assert "push 50\u00a0N →; friction 10\u00a0N ←; 40\u00a0N → (ΣF)" in alt_text(page, "Title")


@pytest.mark.parametrize("variant", BESIDE)
def test_pictures_beside_each_other_keep_apart(variant: str) -> None:
    picture = build_picture(with_second(variant))
    area = Box(88, 228, 1104, 376)
    view = View(area, theme("physics").light, "en")
    shapes = draw_picture(picture, view, picture.at_start() | dict.fromkeys(picture.states, 1.0))
    first, second = (set(part) for part in split_at_divider(list(shapes)[bool(picture.caption) :]))
    assert first
    assert second
    across = max(s.bounds.right for s in first) <= min(s.bounds.x for s in second) + 8
    down = max(s.bounds.bottom for s in first) <= min(s.bounds.y for s in second) + 8
    assert across or down


def split_at_divider(shapes: list[Shape]) -> tuple[list[Shape], list[Shape]]:
    """Return the shapes before and after the line between two pictures."""
    whole = (376.0, 328.0, 1104.0)  # the second below a caption
    at = next(
        i for i, s in enumerate(shapes)
        if isinstance(s, Line) and s.thickness == 3
        and max(s.bounds.width, s.bounds.height) - 6 in whole
    )  # fmt: skip
    return shapes[:at], shapes[at + 1 :]


def test_heavier_cart_beside_gets_less_far() -> None:
    picture = build_picture(CART | {"states": CART["states"] | {"heavy": "beside cart.mass=40"}})
    view = View(Box(0, 0, 1104, 376), theme("physics").light, "en")
    shapes = draw_picture(picture, view, picture.at_start() | dict.fromkeys(picture.states, 1.0))
    first, second = split_at_divider(list(shapes))
    ways = [
        max(x) - min(x)
        for part in (first, second)
        if (x := [s.x for s in part if isinstance(s, Disc) and s.radius == 9])
    ]
    assert ways[0] == pytest.approx(2 * ways[1])
