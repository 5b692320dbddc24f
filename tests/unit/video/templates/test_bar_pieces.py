"""Pieces of bars: labels stand where there is room, and natural colours are kept."""

from __future__ import annotations

from typing import Any

import pytest

from transforms.pictures.picture import build_picture
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import contrast, theme
from transforms.video.templates.hues import hue
from transforms.video.templates.shapes import Rect, Shape, Text, View
from transforms.video.templates.stage import draw_picture

PALETTES = [theme("physics").light, theme("physics").dark]


def drawn(pieces: list[dict[str, Any]], palette: Any = PALETTES[0]) -> list[Shape]:
    picture = build_picture(
        {
            "template": "bars",
            "bars": [{"id": "whole", "label": "light", "size": [100, "%"], "pieces": pieces}],
        }
    )
    view = View(Box(88, 228, 1104, 376), palette, "en")
    return list(draw_picture(picture, view, picture.at_start()))


def test_label_of_narrow_piece_stands_below_its_bar() -> None:
    shapes = drawn(
        [
            {"id": "much", "label": "most of it", "size": [97, "%"]},
            {"id": "few", "label": "a small rest", "size": [3, "%"]},
        ]
    )
    texts = {shape.text: shape.box for shape in shapes if isinstance(shape, Text)}
    bar = next(shape.box for shape in shapes if isinstance(shape, Rect))
    assert texts["most of it: 97%"].y == bar.y
    assert texts["a small rest: 3%"].y >= bar.bottom
    assert texts["a small rest: 3%"].right <= 88 + 1104


@pytest.mark.parametrize("palette", PALETTES, ids=["light", "dark"])
@pytest.mark.parametrize("name", ["red", "yellow", "green", "blue", "violet"])
def test_piece_keeps_its_natural_colour(name: str, palette: Any) -> None:
    shapes = drawn([{"id": "all", "label": "light", "size": [100, "%"], "hue": name}], palette)
    at = next(i for i, s in enumerate(shapes) if isinstance(s, Text) and s.text == "light: 100%")
    fill, label = shapes[-2], shapes[-1]
    assert at < len(shapes) - 1
    assert isinstance(fill, Rect)
    assert isinstance(label, Text)
    assert fill.colour == hue(name, palette)
    assert contrast(label.colour, fill.colour) >= 3
