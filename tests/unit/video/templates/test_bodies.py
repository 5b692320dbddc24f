"""Bodies are icons that stand on their ground, with labels that leave room for forces."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any, get_args

import pytest

from tests.unit.pictures.samples import CART
from tests.unit.video.templates.test_stage import with_beats
from transforms.pictures.base_drawings import IconName
from transforms.pictures.picture import build_picture
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import theme
from transforms.video.templates.layout_check import layout_problems
from transforms.video.templates.shapes import Line, Polygon, Rect, Shape, View
from transforms.video.templates.sprites import Icon
from transforms.video.templates.stage import draw_picture

SIDES = ("left", "right", "up", "down")
SETS = [sides for count in range(5) for sides in combinations(SIDES, count)]
VIEW = View(Box(88, 228, 1104, 376), theme("physics").light, "en")
PUSH = VIEW.second
"""Colour of a force."""


def crate(*sides: str, **more: Any) -> dict[str, Any]:
    """Return a crate with a force on each of some sides."""
    forces = [
        {"id": side, "on": "crate", "to": side, "size": [10 + 30 * at, "N"], "label": f"{side}ward"}
        for at, side in enumerate(sides)
    ]
    body = {"id": "crate", "icon": "box", "label": "heavy crate", "mass": [20, "kg"]}
    return {"template": "bodies", "bodies": [body], "forces": forces, **more}


def drawn(picture: dict[str, Any]) -> list[Shape]:
    built = build_picture(picture)
    return list(draw_picture(built, VIEW, built.at_end()))


@pytest.mark.parametrize("icon", get_args(IconName))
def test_every_icon_stands_on_the_ground(icon: str) -> None:
    shapes = drawn(crate("right") | {"bodies": [{"id": "crate", "icon": icon}]})
    [body] = [shape for shape in shapes if isinstance(shape, Icon)]
    [ground] = [shape for shape in shapes if isinstance(shape, Line)]
    assert body.name == icon
    assert body.bounds.bottom == pytest.approx(ground.points[0][1])


@pytest.mark.parametrize("sides", SETS, ids="-".join)
def test_label_leaves_room_for_forces_of_all_sides(sides: tuple[str, ...]) -> None:
    pairs = [pair for pair in (("left", "right"), ("up", "down")) if {*pair} <= {*sides}]
    states = {"-".join(pair): " ".join(["merge", *pair]) for pair in pairs}
    assert layout_problems(json.dumps(with_beats(crate(*sides, states=states)))) == ()


def test_net_force_larger_than_its_parts_stays_in_its_room() -> None:
    second = {"id": "more", "on": "cart", "to": "right", "size": [50, "N"]}
    forces = [*CART["forces"], second]
    picture = CART | {"forces": forces, "states": {"net": "merge push more"}, "results": []}
    assert layout_problems(json.dumps(with_beats(picture))) == ()


@pytest.mark.parametrize(("seen", "arrows"), [(0.0, 0), (1.0, 1)])
def test_force_is_hidden_until_its_body_appears(seen: float, arrows: int) -> None:
    picture = build_picture(crate("right"))
    shapes = draw_picture(picture, VIEW, picture.at_end() | {"crate": seen})
    painted = [shape for shape in shapes if isinstance(shape, Polygon) and shape.colour == PUSH]
    assert len(painted) == arrows


@pytest.mark.parametrize("icon", ["box", "ball", "car"])
def test_body_lies_as_deep_as_its_density(icon: str) -> None:
    picture = {
        "template": "bodies",
        "fluid": {"id": "water", "density": [1, "g/cm³"]},
        "bodies": [{"id": "wood", "icon": icon, "density": [0.75, "g/cm³"]}],
    }
    shapes = drawn(picture)
    [water] = [shape.box for shape in shapes if isinstance(shape, Rect)]
    [body] = [shape.bounds for shape in shapes if isinstance(shape, Icon)]
    assert body.bottom - water.y == pytest.approx(0.75 * body.height)
