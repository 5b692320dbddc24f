"""Pictures: inputs are validated, results computed, and errors name paths but no values."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any, get_args

import pytest

from tests.unit.pictures.samples import CART, DISCOUNTS, PARABOLA, SAMPLES, SEARCH, WAR, with_second
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


@pytest.mark.parametrize("template", SAMPLES)
def test_picture_survives_writing_and_reading(template: str) -> None:
    picture = build_picture(SAMPLES[template])
    assert read_picture(write_picture(picture)) == picture
    assert all(picture.labels("en"))


@pytest.mark.parametrize(
    ("picture", "labels"),
    [
        (CART, ["20\u00a0kg", "push 50\u00a0N →", "friction 10\u00a0N ←", "40\u00a0N → (ΣF)"]),
        (DISCOUNTS, ["First shop: 1/4 × $80 = $20", "Second shop: 30% × $80 = $24"]),
        (SEARCH, ["2, 5, 8, 12, 16, 23, 38, 56, 72, 91", "16 → 56 → 23"]),
        (PARABOLA, ["y = x² − 4x + c", "(1 | 0) (3 | 0)", "x", "y"]),
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


@pytest.mark.parametrize(
    ("template", "label"),
    [
        ("bodies", "70\u00a0N → (ΣF)"),
        ("bars", "First shop: 3/4 × $80 = $60"),
        ("cells", "2 → 5 → 8 → 12 → 16 → 23"),
        ("timeline", "July 28, 1914 – January 10, 1920: First World War"),
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
        (SEARCH, "search.looks", 4, "the stated number of looks differs"),
        (SEARCH, "cells.0", 99, "needs a sorted list"),
        (SEARCH, "states.three", "look 4", "fewer looks"),
        (WAR, "spans.0.lasts.0", 9, "the stated duration differs"),
        (WAR, "events.0.when", "1920", "events must be in order"),
        (WAR, "events.0.when", "1914-06-31", "events.0.when: must be a day"),
        (PARABOLA, "points.0.stated", [1, 4], "the stated points differ"),
        (PARABOLA, "curves.0.y", "__import__('os')", "a curve must be an expression"),
        (PARABOLA, "curves.0.y", "9**9**x", "the stated points differ"),
        (PARABOLA, "y", {"low": 50, "high": 90}, "no curve lies within the axes"),
        (PARABOLA, "states.one", "sweep d=4", "sweep names the parameter"),
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
