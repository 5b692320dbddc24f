"""Template `particles`: equilibria, ions and states of matter are computed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.pictures.samples import OSMOSIS, VARIANTS
from transforms.pictures.particles import Particles
from transforms.pictures.picture import build_picture, read_picture, write_picture


def particles(**inputs: Any) -> Particles:
    """Return a picture of particles."""
    picture = build_picture({"template": "particles", **inputs})
    assert isinstance(picture, Particles)
    return picture


def kinds(*numbers: tuple[int, int], passing: int) -> list[dict[str, Any]]:
    """Return kinds with numbers left and right, of which the first ones pass the membrane."""
    return [
        {"id": f"k{at}", "label": "kind", "left": left, "right": right, "passes": at < passing}
        for at, (left, right) in enumerate(numbers)
    ]


@pytest.mark.parametrize(
    ("tables", "membrane", "after"),
    [
        (kinds((30, 0), passing=1), False, (15, 15)),
        (kinds((7, 2), passing=1), True, (4, 5)),
        (kinds((30, 0), passing=0), True, (30, 0)),
        (kinds((30, 0), passing=0), False, (15, 15)),
        (OSMOSIS["kinds"], True, (12, 36)),
        (OSMOSIS["kinds"], False, (24, 24)),
    ],
)
def test_kinds_reach_their_equilibrium(
    tables: list[dict[str, Any]], membrane: bool, after: tuple[int, int]
) -> None:
    tables = [{**table, "after": None} for table in tables]
    picture = particles(kinds=tables, membrane=membrane)
    assert tuple(picture.equilibrium(picture.kinds[0])) == after


@pytest.mark.parametrize(
    ("giver", "takers", "ions"),
    [
        ("Na", ["Cl"], ["Na⁺", "Cl⁻"]),
        ("Mg", ["Cl", "Cl"], ["Mg²⁺", "Cl⁻", "Cl⁻"]),
        ("Ca", ["O"], ["Ca²⁺", "O²⁻"]),
        ("Al", ["F"], ["Al⁺", "F⁻"]),
    ],
)
def test_given_electrons_make_ions(giver: str, takers: list[str], ions: list[str]) -> None:
    atoms = [{"id": "a0", "element": giver, "mass": 40}]
    atoms += [{"id": f"a{at}", "element": each, "mass": 36} for at, each in enumerate(takers, 1)]
    states = {f"s{at}": f"give a0 a{at}" for at in range(1, len(takers) + 1)}
    assert list(particles(atoms=atoms, states=states).labels())[len(atoms) :] == ions


def test_changes_of_state_follow_each_other() -> None:
    box = {"id": "box", "state": "solid"}
    picture = particles(boxes=[box], states={"a": "melt box", "b": "boil box", "c": "condense box"})
    assert [each for _, each in picture.matters(picture.boxes[0])] == [
        "solid",
        "liquid",
        "gas",
        "liquid",
    ]


@pytest.mark.parametrize("name", VARIANTS)
def test_every_sample_survives_writing(name: str) -> None:
    picture = build_picture(VARIANTS[name])
    assert read_picture(write_picture(picture)) == picture
