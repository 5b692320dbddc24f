"""Template `graph`: levels, members and days are computed; names and counts are checked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.pictures.samples import ALLIANCES
from transforms.pictures.graph import Graph
from transforms.pictures.picture import PictureError, build_picture


def graph(layout: str, edges: str, **more: Any) -> Graph:
    """Return a graph of edges written as ``ab ac``."""
    pairs = [list(pair) for pair in edges.split()]
    names = more.pop("names", sorted({end for pair in pairs for end in pair}))
    built = build_picture(
        {
            "template": "graph",
            "layout": layout,
            "nodes": [{"id": name, "label": name} for name in names],
            "edges": [{"ends": pair} for pair in pairs],
            **more,
        }
    )
    assert isinstance(built, Graph)
    return built


def test_levels_are_longest_ways() -> None:
    web = graph("levels", "gm go mo", levels=3)
    assert dict(web.level_of) == {"g": 0, "m": 1, "o": 2}
    assert graph("tree", "ab ac bd be cf cg", counts=True).level_counts() == [1, 2, 4]


def test_cycle_adds_the_missing_edges() -> None:
    links = graph("cycle", "bc", names="abc").links
    assert {link.ends for link in links} == {("a", "b"), ("b", "c"), ("c", "a")}
    assert len(links) == 3


@pytest.mark.parametrize(
    ("until", "days", "marked"),
    [
        ("1914-07-28", 0, {("austria", "serbia")}),
        ("1914-08-01", 4, {("austria", "serbia"), "east"}),
        ("1915", 157, {("austria", "serbia"), "east", ("germany", "france")}),
    ],
)
def test_date_marks_what_has_happened(until: str, days: int, marked: set[object]) -> None:
    built = build_picture(ALLIANCES | {"states": {"now": f"until {until}"}})
    assert isinstance(built, Graph)
    assert built.marked("now") == marked
    assert built.days(until) == days


def test_labels_tell_counts_and_days() -> None:
    labels = list(build_picture(ALLIANCES).labels())
    assert labels[:2] == ["Central Powers: 2", "Entente: 3"]
    assert "August 4, 1914: 7" in labels
    assert "1 → 2" in list(graph("tree", "ab ac", counts=True).labels())


@pytest.mark.parametrize(
    ("layout", "edges", "more", "problem"),
    [
        ("levels", "ab bc ca", {}, "must not go round in a circle"),
        ("tree", "ab cb", {}, "in a tree one edge leads to each node"),
        ("tree", "ab cd", {}, "in a tree one edge leads to each node"),
        ("tree", "ab ac", {"levels": 3}, "the stated number of levels differs"),
        ("ring", "ab", {"names": "ac"}, "an edge must end at nodes"),
        ("ring", "aa", {"names": "ab"}, "two different ends"),
        ("groups", "ab", {}, "each node must be in one of the groups"),
        ("ring", "ab", {"groups": [{"id": "g", "members": 2}]}, "number of members differs"),
        ("ring", "ab", {"states": {"go": "travel b a"}}, "travel names nodes that edges lead"),
        ("ring", "ab", {"states": {"go": "travel a"}}, "travel names nodes that edges lead"),
        ("ring", "ab", {"states": {"go": "recolour z"}}, "recolour names nodes or edges"),
        ("ring", "ab", {"states": {"go": "until noon"}}, "until names a date"),
        ("ring", "ab", {"states": {"go": "until 1914"}}, "until needs nodes or edges with"),
    ],
)
def test_impossible_graph_is_refused(
    layout: str, edges: str, more: dict[str, Any], problem: str
) -> None:
    with pytest.raises(PictureError, match=problem):
        graph(layout, edges, **more)


def test_dot_travels_both_ways_without_arrows() -> None:
    assert graph("ring", "ab", arrows=False, states={"go": "travel b a"}).states
