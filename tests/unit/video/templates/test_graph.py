"""Drawing of the template `graph`: nothing overlaps, and a dot runs from node to node."""

from __future__ import annotations

from itertools import combinations
from math import hypot
from typing import Any

import pytest

from transforms.pictures.graph import Graph
from transforms.pictures.picture import build_picture
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import theme
from transforms.video.templates.graph import draw_graph
from transforms.video.templates.graph_places import Place, node_places
from transforms.video.templates.shapes import Disc, View

AREA = Box(88, 228, 1104, 376)
VIEW = View(AREA, theme("history").light, "en-US")


def graph(layout: str, count: int, **more: Any) -> Graph:
    names = [f"n{at}" for at in range(count)]
    edges = [[names[(at - 1) // 2], names[at]] for at in range(1, count)]
    built = build_picture(
        {
            "template": "graph",
            "layout": layout,
            "nodes": [
                {"id": name, "label": "a label", "icon": "flag", "group": "one"} for name in names
            ],
            "edges": [{"ends": pair} for pair in edges],
            "groups": [{"id": "one", "label": "One"}, {"id": "two", "label": "Two"}],
            **more,
        }
    )
    assert isinstance(built, Graph)
    return built


@pytest.mark.parametrize("count", [2, 3, 5, 7, 8])
@pytest.mark.parametrize("layout", ["ring", "cycle", "tree", "levels", "groups"])
def test_nodes_and_labels_do_not_overlap(layout: str, count: int) -> None:
    places = list(node_places(graph(layout, count), AREA).values())
    for one, other in combinations(places, 2):
        (a, b), (c, d) = one.middle, other.middle
        assert hypot(a - c, b - d) >= one.radius + other.radius
        assert not _meet(one.label, other.label)
        assert not _meet(one.label, _disc(other))
        assert not _meet(other.label, _disc(one))
    for box in (box for place in places for box in (place.label, _disc(place))):
        assert AREA.x - 0.1 <= box.x
        assert box.right <= AREA.right + 0.1
        assert AREA.y - 0.1 <= box.y
        assert box.bottom <= AREA.bottom + 0.1


def _disc(place: Place) -> Box:
    (x, y), radius = place.middle, place.radius
    return Box(x - radius, y - radius, 2 * radius, 2 * radius)


def _meet(one: Box, other: Box) -> bool:
    across = min(one.right, other.right) - max(one.x, other.x)
    down = min(one.bottom, other.bottom) - max(one.y, other.y)
    return across > 0.1 and down > 0.1


def test_dot_runs_from_first_to_last_node() -> None:
    picture = graph("tree", 4, states={"go": "travel n0 n1 n3"})
    told = picture.model_copy(update={"before": ("go",)})
    places = node_places(picture, AREA)
    for share, name in ((0.0001, "n0"), (1.0, "n3")):
        shapes = list(draw_graph(told, VIEW, {**picture.at_start(), "go": share}))
        dot = shapes[-1]
        assert isinstance(dot, Disc)
        assert (dot.x, dot.y) == pytest.approx(places[name].middle, abs=1)
