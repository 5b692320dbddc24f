"""Lengths of the sides of an equation."""

from __future__ import annotations

import pytest

from tests.unit.pictures.test_algebra import equation
from transforms.video.templates.side_parts import blend, parts_of


@pytest.mark.parametrize(
    ("lines", "states"),
    [
        (("2x + 5 = 17", "− 5", "÷ 2"), {"a": "cancel l1", "b": "merge l1"}),
        (("5x − 3 = 2x + 9", "− 2x", "+ 3", "÷ 3"), {"a": "move l1", "b": "merge l1"}),
        (("x² − 5x + 6 = 0", "(x − 2)(x − 3) = 0"), {}),
        (("2(x + 3) = 10", "2x + 6 = 10"), {}),
    ],
)
def test_sides_stay_equal_while_lines_change(
    lines: tuple[str, ...], states: dict[str, str]
) -> None:
    picture = equation(*lines, states=states)
    parts = parts_of(picture.steps()[0][0].after, picture.length())
    for step in (step for changes in picture.steps() for step in changes):
        new = parts_of(step.after, picture.length())
        for share in (0.25, 0.5, 1.0):
            now = blend(parts, new, share)
            left, right = (sum(p.size for p in now if p.side == side) for side in (0, 1))
            assert left == pytest.approx(right)
        parts = new


def test_vanishing_part_keeps_its_place() -> None:
    picture = equation("9 + b² = 25", "− 9", positive=True)
    before, after = (parts_of(step.after, 4.0) for (step,) in picture.steps())
    left = [part.size for part in blend(before, after, 0.5) if part.side == 0]
    assert left == [4.5, 16.0]
