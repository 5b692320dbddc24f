"""Equations and particles stay inside the room that they are given, wide or narrow."""

from __future__ import annotations

import pytest

from tests.unit.pictures.samples import VARIANTS
from tests.unit.pictures.test_algebra import equation
from transforms.pictures.picture import Picture, build_picture
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import theme
from transforms.video.templates.shapes import Text, View
from transforms.video.templates.stage import _DRAWINGS

PICTURES: dict[str, Picture] = {
    name: build_picture(VARIANTS[name])
    for name in ("algebra", "particles", "osmosis", "matter", "salt")
} | {
    "squares": equation("9 + b² = 25", "− 9", "√", positive=True, areas=True),
    "many squares": equation("9 + 9 + 9 + 9 = 36", areas=True),
    "below zero": equation("3 − 8", "3 − 3 − 5"),
    "both sides": equation("5x − 3 = 2x + 9", "− 2x", "+ 3", "÷ 3"),
}  # fmt: skip


@pytest.mark.parametrize("width", [1104, 524])
@pytest.mark.parametrize("name", PICTURES)
def test_shapes_stay_inside_their_room(name: str, width: float) -> None:
    picture, area = PICTURES[name], Box(88, 228, width, 376)
    view = View(area, theme("maths").light, "en")
    for shown in (picture.at_start(), dict.fromkeys(picture.at_start(), 1.0)):
        for shape in _DRAWINGS[picture.template](picture, view, shown):
            # Boxes of centred texts are wider than their letters.
            box, slack = shape.bounds, 40 if isinstance(shape, Text) else 10
            assert box.x >= area.x - slack, shape
            assert box.right <= area.right + slack, shape
            assert box.y >= area.y - 10, shape
            assert box.bottom <= area.bottom + 10, shape
