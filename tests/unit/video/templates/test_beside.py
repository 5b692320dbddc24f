"""Pictures beside each other are drawn to one scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.pictures.samples import BALANCE, MATTER, OSMOSIS, SALT, WATER
from tests.unit.video.templates.test_stage import split_at_divider
from transforms.pictures.picture import build_picture
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import theme
from transforms.video.templates.shapes import Disc, Rect, Shape, Text, View
from transforms.video.templates.stage import draw_picture

VIEW = View(Box(88, 228, 1104, 376), theme("physics").light, "en")
SQUARES: dict[str, Any] = {
    "template": "algebra",
    "areas": True,
    "positive": True,
    "lines": [{"id": "start", "text": "9 + b² = 25"}, {"id": "minus", "do": "− 9"}],
}


def sides(picture: dict[str, Any], change: str) -> tuple[list[Shape], list[Shape]]:
    """Return the shapes of a picture and of the one beside it, after all states."""
    states = picture.get("states", {}) | {"other": f"beside {change}"}
    built = build_picture(picture | {"states": states})
    shown = built.at_start() | dict.fromkeys(built.states, 1.0)
    return split_at_divider(list(draw_picture(built, VIEW, shown)))


def radii(shapes: list[Shape]) -> set[float]:
    return {round(shape.radius, 3) for shape in shapes if isinstance(shape, Disc)}


def letters(*texts: str) -> Callable[[list[Shape]], set[float]]:
    """Return a function for the sizes of the letters of texts."""

    def sizes(shapes: list[Shape]) -> set[float]:
        return {round(s.size, 3) for s in shapes if isinstance(s, Text) and s.text in texts}

    return sizes


@pytest.mark.parametrize(
    ("picture", "change", "measure"),
    [
        (BALANCE, "start.text=2x+5=123456789", letters("=", "2x")),
        (WATER, "start.text=N2+H2->NH3 even.text=N2+3H2->2NH3", letters("H")),
        (WATER, "even.text=6H2+3O2->6H2O", radii),
        (MATTER, "number=12", radii),
        (OSMOSIS, "water.left=60", radii),
        (SALT, "sodium.element=Li sodium.mass=7", radii),
    ],
    ids=["letters", "atoms", "molecules", "boxes", "membrane", "nucleons"],
)
def test_both_pictures_have_the_same_sizes(
    picture: dict[str, Any], change: str, measure: Callable[[list[Shape]], set[float]]
) -> None:
    first, second = sides(picture, change)
    assert measure(first)
    assert measure(first) == measure(second)


def test_lengths_of_equations_beside_are_comparable() -> None:
    first, second = sides(BALANCE, "start.text=2x+5=21")
    unknowns = [
        max(shape.box.width for shape in part if isinstance(shape, Rect) and shape.radius == 9)
        for part in (first, second)
    ]
    assert (unknowns[0] + 5) / (unknowns[1] + 5) == pytest.approx(6 / 8)  # 5 is the gap


def test_squares_of_equations_beside_are_comparable() -> None:
    first, second = sides(SQUARES, "start.text=9+b²=45")
    squares = [
        max(shape.box.width for shape in part if isinstance(shape, Rect) and shape.radius == 4)
        for part in (first, second)
    ]
    assert squares[0] / squares[1] == pytest.approx(4 / 6)


def test_liquids_beside_stand_to_one_scale() -> None:
    first, second = sides(OSMOSIS, "water.left=60")
    levels = [
        max(shape.box.height for shape in part if isinstance(shape, Rect) and shape.radius == 10)
        for part in (first, second)
    ]
    assert levels[0] / levels[1] == pytest.approx(36 / 63)
