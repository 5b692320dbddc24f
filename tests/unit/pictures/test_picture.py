"""Pictures: inputs are validated, results computed, and errors name paths but no values."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any, get_args

import pytest

from tests.unit.pictures.samples import (
    BALANCE,
    BESIDE,
    BITS,
    CAESAR,
    CART,
    COSTS,
    DISCOUNTS,
    MATTER,
    MERGE,
    OSMOSIS,
    PARABOLA,
    POND,
    RACE,
    RUNNERS,
    SALT,
    SAMPLES,
    SEARCH,
    TRIP,
    VARIANTS,
    WAR,
    WATER,
    with_second,
)
from transforms.pictures.picture import (
    LONGEST,
    PictureError,
    TemplateName,
    build_picture,
    read_picture,
    write_picture,
)
from transforms.pictures.quantities import Quantity, show


def changed(picture: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return a picture with one value changed."""
    copy = deepcopy(picture)
    *way, last = path.split(".")
    at: Any = copy
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[int(last) if isinstance(at, list) else last] = value
    return copy


def test_every_template_has_a_sample() -> None:
    assert set(SAMPLES) == set(get_args(TemplateName))
    assert BESIDE.keys() == VARIANTS.keys()


@pytest.mark.parametrize("template", VARIANTS)
def test_picture_survives_writing_and_reading(template: str) -> None:
    picture = build_picture(VARIANTS[template])
    assert read_picture(write_picture(picture)) == picture
    assert all(picture.labels("en"))


@pytest.mark.parametrize(
    ("picture", "labels"),
    [
        (CART, ["20\u00a0kg", "push 50\u00a0N →", "friction 10\u00a0N ←", "40\u00a0N → (ΣF)"]),
        (DISCOUNTS, ["First shop: 1/4 × $80 = $20", "Second shop: 30% × $80 = $24"]),
        (SEARCH, ["2, 5, 8, 12, 16, 23, 38, 56, 72, 91", "16 → 56 → 23"]),
        (MERGE, ["5, 2, 8, 1", "1, 2, 5, 8"]),
        (BITS, ["1101 = 8 + 4 + 1 = 13"]),
        (CAESAR, ["A → D"]),
        (RACE, ["light 20\u00a0kg", "heavy 40\u00a0kg", "40\u00a0N →", "40\u00a0N →"]),
        (POND, ["water 1\u00a0g/cm³", "0.75\u00a0g/cm³", "7.9\u00a0g/cm³", "1\u00a0N ↑"]),
        (COSTS, ["full cost: $78", "ticket: $30", "pay given up: $48"]),
        (
            RUNNERS,
            [
                "runner: 60\u00a0kg × 4\u00a0m/s = 240\u00a0kg·m/s",
                "brother: 30\u00a0kg × 8\u00a0m/s = 240\u00a0kg·m/s",
            ],
        ),
        (TRIP, ["speeds up", "slows down", "(5 | 15)", "measured", "seconds"]),
        (PARABOLA, ["y = x² − 4x + c", "(1 | 0) (3 | 0)", "x", "y"]),
        (BALANCE, ["2x + 5 = 17", "2x + 5 − 5 = 17 − 5", "2x = 12", "x = 6"]),
        (
            WATER,
            ["H₂ + O₂ → H₂O", "H: 2 = 2", "O: 2 ≠ 1", "2 H₂ + O₂ → 2 H₂O", "H: 4 = 4", "O: 2 = 2"],
        ),
        (OSMOSIS, ["water: 24 | 24", "water: 12 | 36", "sugar: 3 | 9"]),
        (
            SALT,
            [
                "Na: 11 protons, 12 neutrons, 11 electrons",
                "Cl: 17 protons, 18 neutrons, 17 electrons",
                "Na⁺",
                "Cl⁻",
            ],
        ),
    ],
)
def test_results_are_computed(picture: dict[str, Any], labels: list[str]) -> None:
    assert list(build_picture(picture).labels("en")) == labels


@pytest.mark.parametrize(("c", "roots"), [(3, [1, 3]), (4, [2]), (5, []), (0, [0, 4])])
def test_swept_parabola_has_its_roots(c: float, roots: list[float]) -> None:
    picture = build_picture(PARABOLA)
    assert picture.template == "plot"
    assert [x for x, _ in picture.places(picture.points[0], c)] == pytest.approx(roots)


def test_curves_meet_at_equilibrium() -> None:
    picture = build_picture(
        {
            "template": "plot",
            "x": {"low": 0, "high": 10},
            "y": {"low": 0, "high": 10},
            "curves": [
                {"id": "supply", "label": "supply", "y": "1 + x"},
                {"id": "demand", "label": "demand", "y": "9 - x"},
            ],
            "points": [{"id": "balance", "kind": "meet", "of": ["supply", "demand"]}],
        }
    )
    assert picture.template == "plot"
    assert picture.places(picture.points[0], 0.0) == [pytest.approx((4.0, 5.0))]


def test_bars_without_numbers_show_names_only() -> None:
    picture = build_picture(COSTS | {"numbers": False})
    assert list(picture.labels("en")) == ["full cost", "ticket", "pay given up"]


@pytest.mark.parametrize(
    ("how", "rounds", "comparisons"),
    [
        ("selection", [[5, 2, 8, 1], [1, 2, 8, 5], [1, 2, 8, 5], [1, 2, 5, 8]], 6),
        ("bubble", [[5, 2, 8, 1], [2, 5, 1, 8], [2, 1, 5, 8], [1, 2, 5, 8]], 6),
        ("merge", [[5, 2, 8, 1], [2, 5, 1, 8], [1, 2, 5, 8]], 5),
    ],
)
def test_list_is_sorted_in_rounds(how: str, rounds: list[list[int]], comparisons: int) -> None:
    picture = build_picture({"template": "cells", "cells": [5, 2, 8, 1], "sort": {"how": how}})
    assert picture.template == "cells"
    found = picture.sorted()
    assert [[picture.cells[cell] for cell in order] for order in found.rounds] == rounds
    assert found.comparisons == comparisons


def test_axis_without_numbers_hides_coordinates() -> None:
    picture = build_picture(changed(TRIP, "y.numbers", False))
    assert list(picture.labels("en")) == ["speeds up", "slows down", "", "measured", "seconds"]


def test_lighter_body_gains_more_speed() -> None:
    picture = build_picture(RACE)
    assert picture.template == "bodies"
    assert [picture.acceleration(body) for body in picture.bodies] == [2, 1]


@pytest.mark.parametrize(
    ("template", "label"),
    [
        ("bodies", "70\u00a0N → (ΣF)"),
        ("rectangles", "runner: 60\u00a0kg × 2\u00a0m/s = 120\u00a0kg·m/s"),
        ("bars", "First shop: 3/4 × $80 = $60"),
        ("cells", "2 → 5 → 8 → 12 → 16 → 23"),
        ("timeline", "July 28, 1914 – January 10, 1920: First World War"),
        ("algebra", "x = 8"),
        ("particles", "N₂ + 3 H₂ → 2 NH₃"),
    ],
)
def test_results_beside_are_computed_anew(template: str, label: str) -> None:
    picture = build_picture(with_second(template))
    assert label in picture.described("en")
    assert label not in picture.labels("en")
    assert read_picture(write_picture(picture)).second == picture.second


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ("", "beside names inputs"),
        ("cart.weight=4", "beside names inputs"),
        ("sled.mass=4", "beside names inputs"),
        ("cart.mass", "beside names inputs"),
        ("results.0=4", "beside names inputs"),
        ("cart.mass=heavy", "of another type"),
        ("template=bars", "beside names inputs"),
        ("template", "beside names inputs"),
        ("cart.mass=nan", "the picture beside is not valid: Input should be a finite number"),
        ("push.size=0", "the picture beside is not valid: a size must be above 0"),
    ],
)
def test_change_beside_must_fit_the_picture(changes: str, problem: str) -> None:
    with pytest.raises(PictureError, match=problem):
        build_picture(CART | {"states": {"other": f"beside {changes}"}})


@pytest.mark.parametrize(
    ("picture", "path", "value", "problem"),
    [
        (CART, "results.0.size.0", 60, "the stated net force differs"),
        (CART, "results.0.to", "left", "the stated net force differs"),
        (DISCOUNTS, "bars.0.amount.0", 25, "the stated amount differs"),
        (DISCOUNTS, "bars.0.share.part", 5, "must not be above the whole"),
        (RACE, "states.go", "move light sled", "move names one or two bodies"),
        (RACE, "bodies.0.length", [2, "m"], "all bodies or none have a length"),
        (POND, "bodies.0.under.0", 80, "the stated percentage below the surface differs"),
        (POND, "bodies.1.density.1", "kg", "in the unit of the fluid's"),
        (POND, "bodies.1.density.0", 0, "a mass or a density must be above"),
        (COSTS, "bars.0.size.0", 80, "differs from the sum of the pieces"),
        (COSTS, "bars.0.pieces.0.size.1", "N", "in the unit of its bar"),
        (COSTS, "bars.0.by", [2, "m"], "a share, pieces or a height: one"),
        (RUNNERS, "bars.0.amount.0", 200, "the stated amount differs"),
        (RUNNERS, "bars.0.by.0", 0, "a size must be above 0"),
        (RUNNERS, "bars.0.by.1", "km", "one unit of height"),
        (TRIP, "points.0.stated", [14], "the stated points differ"),
        (TRIP, "data.0.at", [[1, 99]], "lies beyond the axes"),
        (TRIP, "curves.0.end", -1, "must end above its start"),
        (MERGE, "sort.comparisons", 6, "the stated number of comparisons differs"),
        (MERGE, "states.all", "round 3", "round names one of 1 to 2"),
        (MERGE, "states.all", "look 1", "the verb of another kind of cells"),
        (MERGE, "cells", [5], "a list needs two cells"),
        (MERGE, "search", {"want": 5}, "may be searched or sorted"),
        (BITS, "binary.number", 16, "the number needs more bits"),
        (BITS, "binary.stated", "1011", "the stated digits differ"),
        (BITS, "states.four", "place 3", "place names one of 8 to 1"),
        (BITS, "cells", [5, 2], "or bits, an alphabet or grids"),
        (CAESAR, "shift.stated", "E", "the stated letter differs"),
        (SEARCH, "search.looks", 4, "the stated number of looks differs"),
        (SEARCH, "cells.0", 99, "needs a sorted list"),
        (SEARCH, "states.three", "look 4", "look names one of 1 to all"),
        (WAR, "spans.0.lasts.0", 9, "the stated duration differs"),
        (WAR, "events.0.when", "1920", "events must be in order"),
        (WAR, "events.0.when", "1914-06-31", "events.0.when: must be a day"),
        (PARABOLA, "points.0.stated", [1, 4], "the stated points differ"),
        (PARABOLA, "curves.0.y", "__import__('os')", "a curve must be an expression"),
        (PARABOLA, "curves.0.y", "9**9**x", "the stated points differ"),
        (PARABOLA, "y", {"low": 50, "high": 90}, "no curve lies within the axes"),
        (PARABOLA, "states.one", "sweep d=4", "sweep names the parameter"),
        (BALANCE, "lines.1.gives", "2x = 13", "lines.1.gives: differs from the computed line"),
        (BALANCE, "lines.2", {"id": "half", "text": "x = 7"}, "lines.2.text: does not follow"),
        (BALANCE, "lines.2", {"id": "half", "text": "y = 6"}, "must have the same unknown"),
        (BALANCE, "lines.2.do", "÷ 0", "lines.2.do: must be + or − a term"),
        (BALANCE, "lines.0.text", "2x + 5 = y²", "all lines must have the same unknown"),
        (BALANCE, "lines.0.text", "x = x", "lines.0.text: needs one or two solutions"),
        (BALANCE, "lines.0.text", "import os", "lines.0.text: must be of numbers"),
        (BALANCE, "solutions", [7], "the stated solutions differ"),
        (BALANCE, "states.strike", "cancel half", "terms add up to zero"),
        (BALANCE, "states.sum", "merge start", "like terms or an operation"),
        (BALANCE, "states.sum", "move half", "move needs a term"),
        (
            WATER,
            "reactions.1.text",
            "2 H2 + O2 -> H2O",
            "reactions.1.text: its atoms or charges do",
        ),
        (WATER, "reactions.1.text", "H+ + OH -> H2O", "reactions.1.text: its atoms or charges do"),
        (WATER, "reactions.0.text", "H2 -> H2", "reactions.0.text: its atoms or charges balance"),
        (WATER, "reactions.0.text", "H2 + Xy", "reactions.0.text: must be a reaction"),
        (
            WATER,
            "reactions.0.names",
            ["hydrogen", "water"],
            "reactions.0.names: must be one for each",
        ),
        (WATER, "states.burn", "react start", "react needs a balanced reaction"),
        (OSMOSIS, "kinds.0.after", [24, 24], "kinds.0.after: differs from the computed"),
        (OSMOSIS, "states.over", "flow sugar", "flow names a kind that passes"),
        (MATTER, "states.melting", "boil box", "boil needs a liquid"),
        (SALT, "atoms.0.neutrons", 11, "atoms.0.neutrons: differs from the mass number"),
        (SALT, "atoms.0.mass", 9, "atoms.0: has fewer than no neutrons"),
        (SALT, "atoms.0.element", "Au", "atoms.0.element: must be one of the first"),
        (SALT, "atoms.0.element", "Ne", "atoms.0.neutrons: differs"),
        (SALT, "states.over", "give sodium", "give names the atom that gives"),
        (SALT, "boxes", MATTER["boxes"], "one of these"),
        (CART, "states.go", "explode cart", "unknown verb; known: merge or move or beside"),
        (CART, "states", {"a": "beside cart.mass=1", "b": "beside cart.mass=2"}, "only one state"),
        (CART, "states.push", "move cart", "an id names two things"),
        (CART, "forces.0.size", ["1,5", "N"], "forces.0.size.0: Input should be a valid number"),
        (CART, "forces.0.on", "sled", "on no body"),
        (CART, "beats", [{"sentence": 0, "show": "pull"}], "a beat shows neither"),
        (CART, "secret", 1, "is no key of the template"),
        (CART, "template", "collage", "`template` must be one of bodies, bars"),
    ],
)
def test_error_names_path_and_rule(
    picture: dict[str, Any], path: str, value: object, problem: str
) -> None:
    text = json.dumps(changed(picture, path, value))
    with pytest.raises(PictureError) as caught:
        read_picture(text)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "template",
        "bodies.0.icon",
        "forces.0.to",
        "forces.0.size",
        "forces.0.id",
        "states.go",
        "SECRET",
    ],
)
def test_errors_never_hold_values(path: str) -> None:
    with pytest.raises(PictureError) as caught:
        build_picture(changed(CART, path, "SECRET"))
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 5000, "x" * (LONGEST + 1), "{}"])
def test_other_text_is_no_picture(text: str) -> None:
    with pytest.raises(PictureError):
        read_picture(text)


@pytest.mark.parametrize(
    ("quantity", "language", "shown"),
    [
        (Quantity(1.5, "N"), "en-US", "1.5\u00a0N"),
        (Quantity(1.5, "N"), "de", "1,5\u00a0N"),
        (Quantity(-39, "°"), "en", "−39°"),
        (Quantity(1.4e9, ""), "en", "1,400,000,000"),
        (Quantity(80, "$"), "en", "$80"),
        (Quantity(80, "$"), "de", "80\u00a0$"),
    ],
)
def test_quantity_is_written_as_in_language(quantity: Quantity, language: str, shown: str) -> None:
    assert show(quantity, language) == shown
