"""Pieces, measures, grids and spans: counted and added up from the inputs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.pictures.samples import CENSUS, DICE, DISCOUNTS, SCORES, SPANS
from transforms.pictures.bars import Bars
from transforms.pictures.cells import Cells
from transforms.pictures.picture import PictureError, build_picture
from transforms.pictures.timeline import Timeline


@pytest.mark.parametrize(
    ("picture", "labels"),
    [
        (CENSUS, ["people: 31.4\u00a0million", "enslaved: 3.95\u00a0million"]),
        (SCORES, ["4", "2", "5", "10", "4", "mean 15", "median 4"]),
        (DICE, ["two dice: 6 × 6 = 36", "sum of 7: 6", "votes: 20", "yes: 12", "no: 8"]),
        (SPANS, ["West", "East: 1,058\u00a0years", "Empire"]),
    ],
)
def test_parts_are_labelled_with_results(picture: dict[str, Any], labels: list[str]) -> None:
    built = build_picture(picture)
    beats = [{"sentence": 0, "show": name} for name in built.states]
    shown = list(build_picture(picture | {"beats": beats}).labels("en"))
    assert [label.partition(": ")[2] if "–" in label else label for label in shown] == labels


@pytest.mark.parametrize(
    ("picture", "change", "problem"),
    [
        (CENSUS, {"size": [3, "million"]}, "leave no rest"),
        (CENSUS, {"rest": False}, "differs from the sum of the pieces"),
        (CENSUS, {"size": [31.4, "kg"]}, "in the unit of its bar"),
        (CENSUS, {"share": {"part": 1, "of": 8}}, "one of these"),
        (SCORES, {"measures": [{"id": "m", "kind": "mean", "stated": 6}]}, "stated measure"),
        (SCORES, {"states": {"s": "sort a"}}, "sort stands alone"),
        (SCORES, {"states": {"g": "grow z=60"}}, "grow names a bar"),
        (SCORES, {"states": {"g": "grow a=-1"}}, "grow names a bar"),
        (DISCOUNTS, {"states": {"s": "sort"}}, "need bars of one length"),
        (DICE, {"sum": 13}, "no cells"),
        (DICE, {"block": [7, 1]}, "one of count, block and sum"),
        (DICE, {"stated": 5}, "stated number of cells"),
        (DICE, {"sum": None, "block": [7, 1]}, "must lie within its grid"),
        (DICE, {"sum": None, "count": 37, "stated": None}, "more cells than their grid"),
        (DICE, {"cells": [1, 2]}, "or bits, an alphabet or grids"),
        (DICE, {"states": {"one": "look 1"}}, "verb of another kind"),
        (SPANS, {"lasts": [999, "years"]}, "stated duration differs"),
    ],
)
def test_part_that_differs_is_an_error(
    picture: dict[str, Any], change: dict[str, Any], problem: str
) -> None:
    changed = picture | change
    if picture is CENSUS:
        changed = picture | {"bars": [picture["bars"][0] | change]}
    elif picture is DICE and not change.keys() & {"cells", "states"}:
        grid = picture["grids"][0]
        changed = picture | {"grids": [grid | {"groups": [grid["groups"][0] | change]}]}
    elif picture is SPANS:
        changed = picture | {"spans": [picture["spans"][1] | change]}
    with pytest.raises(PictureError, match=problem):
        build_picture(changed)


def test_bars_are_sorted_levelled_and_grown() -> None:
    picture = build_picture(SCORES)
    assert isinstance(picture, Bars)
    assert picture.places({"sort": 1.0}) == [1, 0, 3, 4, 2]
    assert picture.values({"level": 1.0}) == [5] * 5
    assert picture.values({"grow": 1.0}) == [4, 2, 5, 60, 4]
    assert picture.values({"level": 0.5}) == [4.5, 3.5, 5, 7.5, 4.5]


def test_groups_hold_cells_by_rule() -> None:
    picture = build_picture(DICE)
    assert isinstance(picture, Cells)
    dice, votes = picture.grids
    assert sorted(dice.members(dice.groups[0])) == [(at, 5 - at) for at in range(6)]
    assert votes.members(votes.groups[1]) == [(at, 2) for at in (2, 3, 4)] + [
        (at, 3) for at in range(5)
    ]


def test_spans_that_overlap_stand_in_lanes() -> None:
    picture = build_picture(SPANS)
    assert isinstance(picture, Timeline)
    assert picture.lanes() == [0, 1, 0]
