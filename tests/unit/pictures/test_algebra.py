"""Template `algebra`: operations are carried out, and other lines are checked."""

from __future__ import annotations

import pytest

from transforms.pictures.algebra import Algebra
from transforms.pictures.picture import PictureError, build_picture


def equation(*lines: str, **more: object) -> Algebra:
    """Return a picture whose lines begin with the first text, and then hold operations or texts."""
    tables = [
        {"id": f"l{at}", "do" if at and line[0] in "+−×÷√" else "text": line}
        for at, line in enumerate(lines)
    ]
    picture = build_picture({"template": "algebra", "lines": tables, **more})
    assert isinstance(picture, Algebra)
    return picture


@pytest.mark.parametrize(
    ("lines", "positive", "last"),
    [
        (["2x + 5 = 17", "− 5", "÷ 2"], False, "x = 6"),
        (["5x − 3 = 2x + 9", "− 2x", "+ 3", "÷ 3"], False, "x = 4"),
        (["2(x + 3) = 10", "÷ 2", "− 3"], False, "x = 2"),
        (["(x + 4)/3 = 3", "× 3"], False, "x + 4 = 9"),
        (["x² = 9", "√"], False, "x = ±3"),
        (["9 + b² = 25", "− 9", "√"], True, "b = 4"),
        (["4x = 2", "÷ 4"], False, "x = 0.5"),
        (["3x = x + 2", "÷ 3"], False, "x = x/3 + 2/3"),
        (["2x + 6 = 0", "− 6", "÷ 2"], False, "x = −3"),
        (["x − 4 = 3", "+ 4"], False, "x = 7"),
    ],
)
def test_operations_give_the_next_line(lines: list[str], positive: bool, last: str) -> None:
    assert list(equation(*lines, positive=positive).labels())[-1] == last


@pytest.mark.parametrize(
    ("lines", "positive"),
    [
        (["x² − 5x + 6 = 0", "(x − 2)(x − 3) = 0"], False),
        (["x² = 9", "x = ±3"], False),
        (["x² = 9", "x = 3"], True),
        (["−4 − (−10)", "10 − 4", "6"], False),
        (["3² + 4² = 5²", "9 + 16 = 25"], False),
    ],
)
def test_equivalent_lines_are_accepted(lines: list[str], positive: bool) -> None:
    assert len(list(equation(*lines, positive=positive).labels())) == len(lines)


@pytest.mark.parametrize(
    ("lines", "at"),
    [
        (["x² = 9", "x = 3"], 1),
        (["2x + 5 = 17", "2x = 12", "x = 12"], 2),
        (["3 − 8", "5"], 1),
        (["3² + 4² = 5²", "9 + 16 = 24"], 1),
        (["x − 2 = 1", "(x − 2)² = 1"], 1),
    ],
)
def test_line_that_does_not_follow_is_refused(lines: list[str], at: int) -> None:
    with pytest.raises(PictureError, match=rf"lines\.{at}\.text: does not follow"):
        equation(*lines)


@pytest.mark.parametrize(
    ("states", "forms"),
    [
        ({}, ["2x = 12"]),
        (
            {"strike": "cancel l1", "sum": "merge l1"},
            ["2x + 5 − 5 = 17 − 5", "2x + 5 − 5 = 17 − 5", "2x = 12"],
        ),
        (
            {"over": "move l1", "sum": "merge l1"},
            ["2x + 5 = 17", "2x = 17 − 5", "2x = 12"],
        ),
    ],
)
def test_states_show_the_way_to_a_line(states: dict[str, str], forms: list[str]) -> None:
    picture = equation("2x + 5 = 17", "− 5", states=states)
    written = [
        " = ".join(
            " ".join(f"{'+−'[term.sign < 0]} {term.text}" for term in side).removeprefix("+ ")
            for side in step.after
        )
        for step in picture.steps()[1]
    ]
    assert written == forms


def test_numbers_are_written_as_in_language() -> None:
    assert list(equation("1.5x = 3000", "÷ 1.5").labels("de")) == [
        "1,5x = 3\u00a0000",
        "x = 2\u00a0000",
    ]
