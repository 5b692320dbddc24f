"""Drawing of the template `drawing`: rooms of the labels, travelling dots, highlighted parts."""

from __future__ import annotations

from itertools import combinations, islice
from typing import Any, get_args

import pytest
from PIL import Image

from transforms.pictures.base_drawings import DrawingName, base_drawing
from transforms.pictures.drawing import Drawing
from transforms.pictures.picture import build_picture
from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import theme
from transforms.video.draw.typeset import Typesetter
from transforms.video.templates.drawing import draw_drawing
from transforms.video.templates.shapes import Disc, Shape, Text, View
from transforms.video.templates.sprites import Sprite

VIEW = View(Box(88, 228, 1104, 376), theme("biology").light, "en-US")


def drawn(picture: dict[str, Any], **shown: float) -> list[Shape]:
    built = build_picture({"template": "drawing", **picture})
    assert isinstance(built, Drawing)
    beats = [{"sentence": 0, "show": name} for name in shown]
    told = build_picture({"template": "drawing", **picture, "beats": beats})
    assert isinstance(told, Drawing)
    return list(draw_drawing(told, VIEW, {**built.at_start(), **shown}))


@pytest.mark.parametrize("close", [False, True])
@pytest.mark.parametrize("name", get_args(DrawingName))
def test_labels_lie_beside_each_other(name: str, close: bool) -> None:
    anchors = list(islice(base_drawing(name).anchors, 8))
    picture: dict[str, Any] = {"base": name}
    if close:
        picture["zoom"] = {"id": "close", "at": anchors[0], "base": name}
        anchors = [*anchors[:4], *(f"close.{anchor}" for anchor in anchors[4:])]
    picture["notes"] = [
        {"id": f"n{at}", "at": anchor, "text": "a label of two lines or so"}
        for at, anchor in enumerate(anchors)
    ]
    shapes = drawn(picture)
    boxes = [shape.box for shape in shapes if isinstance(shape, Text)]
    assert len(boxes) == len(anchors)
    boxes += [shape.box for shape in shapes if isinstance(shape, Sprite)]
    assert not any(_meet(one, other) for one, other in combinations(boxes, 2))
    area = VIEW.area.inset(-0.1)
    for box in boxes:
        assert area.x <= box.x
        assert box.right <= area.right
        assert area.y <= box.y
        assert box.bottom <= area.bottom


def _meet(one: Box, other: Box) -> bool:
    return (
        one.x < other.right - 0.1
        and other.x < one.right - 0.1
        and one.y < other.bottom - 0.1
        and other.y < one.bottom - 0.1
    )


def test_dot_travels_along_its_flows() -> None:
    picture = {
        "base": "landscape",
        "flows": [
            {"id": "up", "way": ["sea-surface", "cloud-foot"], "of": "water"},
            {"id": "down", "way": ["rain-foot", "slope"], "of": "water"},
        ],
        "states": {"drop": "travel up down"},
    }
    ends = []
    for share in (0.001, 0.999):
        discs = [each for each in drawn(picture, drop=share) if isinstance(each, Disc)]
        ends.append((discs[0].x, discs[0].y))
    sprite = next(each for each in drawn(picture) if isinstance(each, Sprite))
    scale = sprite.box.width / base_drawing("landscape").size[0]
    for end, anchor in zip(ends, ("sea-surface", "slope"), strict=True):
        x, y = base_drawing("landscape").anchors[anchor]
        assert end == pytest.approx((sprite.box.x + x * scale, sprite.box.y + y * scale), abs=2)


def test_latest_highlight_dims_other_parts() -> None:
    picture = {
        "base": "volcano",
        "states": {
            "first": "highlight vent",
            "then": "highlight magma-chamber",
            "last": "highlight all",
        },
    }
    old, new = (_pixel(drawn(picture, first=1.0, then=then), "vent") for then in (0.0, 1.0))
    plain = _pixel(drawn(picture), "vent")
    assert old == plain
    assert _pixel(drawn(picture, first=1.0, then=1.0, last=1.0), "vent") == plain
    ground = VIEW.palette.background
    assert sum(map(abs, (a - b for a, b in zip(new, ground, strict=True)))) < sum(
        map(abs, (a - b for a, b in zip(plain, ground, strict=True)))
    )
    chamber = _pixel(drawn(picture, first=1.0, then=1.0), "magma-chamber")
    assert chamber == _pixel(drawn(picture), "magma-chamber")


def _pixel(shapes: list[Shape], anchor: str) -> tuple[int, ...]:
    sprite = next(each for each in shapes if isinstance(each, Sprite))
    ground = VIEW.palette.background
    image = Image.new("RGB", (1280, 720), ground)
    sprite.paint(Canvas(image, 1.0, ground, Typesetter("en-US")))
    scale = sprite.box.width / base_drawing(sprite.name).size[0]
    x, y = base_drawing(sprite.name).anchors[anchor]
    pixel = image.getpixel((int(sprite.box.x + x * scale), int(sprite.box.y + y * scale)))
    assert isinstance(pixel, tuple)
    return pixel
