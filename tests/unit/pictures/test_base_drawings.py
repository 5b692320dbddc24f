"""Base drawings and icons: complete, within their room, and visible on both backgrounds."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from transforms.pictures.base_drawings import (
    BaseDrawing,
    DrawingName,
    IconName,
    Shape,
    base_drawing,
    drawing_files,
    icons,
)
from transforms.video.draw.design import THEMES, Colour
from transforms.video.draw.svg_path import strokes_of
from transforms.video.templates.hues import hue

DRAWINGS = get_args(DrawingName)
OVER = 10
"""Units by which the edge of the room may cut a shape."""
EACH = [(name, base_drawing(name)) for name in DRAWINGS] + list(icons().items())


def test_names_are_those_of_the_files() -> None:
    assert sorted(DRAWINGS) == drawing_files()
    assert len(DRAWINGS) >= 14
    assert sorted(get_args(IconName)) == sorted(icons())
    assert len(icons()) == 24


def extent(shape: Shape) -> tuple[float, float, float, float]:
    if shape.circle:
        x, y, radius = shape.circle
        return x - radius, y - radius, x + radius, y + radius
    xs, ys = zip(*(at for stroke in strokes_of(shape.path) for at in stroke.points), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


@pytest.mark.parametrize(("name", "drawing"), EACH, ids=[name for name, _ in EACH])
def test_shapes_lie_within_the_drawing(name: str, drawing: BaseDrawing) -> None:
    wide, high = drawing.size
    for shape in drawing.shapes:
        left, top, right, bottom = extent(shape)
        assert min(left, top) >= -OVER, (name, shape.part)
        assert right <= wide + OVER, (name, shape.part)
        assert bottom <= high + OVER, (name, shape.part)


@pytest.mark.parametrize("name", DRAWINGS)
def test_each_part_stands_out_from_background(name: str) -> None:
    drawing = base_drawing(name)
    for palette in (side for theme in THEMES.values() for side in (theme.light, theme.dark)):
        for part in drawing.parts():
            colours = {
                hue(colour, palette)
                for shape in drawing.shapes
                if shape.part == part
                for colour in (shape.fill, shape.line)
                if colour
            }
            best = max(_contrast(colour, palette.background) for colour in colours)
            assert best >= 1.15, (part, palette)


def _contrast(one: Colour, other: Colour) -> float:
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    parts = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (each / 255 for each in colour)
    )
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        ({"fill": "green"}, "a path or a circle"),
        ({"path": "M0 0 L1 1", "circle": [0, 0, 1], "fill": "green"}, "a path or a circle"),
        ({"path": "M0 0 L1 1", "fill": "teal"}, "a known colour"),
        ({"path": "M0 0 L1 1"}, "a known colour"),
        ({"path": "M0 0 L1 1", "line": "ink", "part": "leaf"}, "needs an anchor"),
    ],
)
def test_incomplete_drawing_is_refused(shape: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        BaseDrawing.model_validate({"size": (10, 10), "shapes": [shape]})
