"""SVG path data: every command, relative and absolute."""

from __future__ import annotations

from math import hypot

import pytest

from transforms.video.draw.svg_path import strokes_of


@pytest.mark.parametrize(
    ("path", "points"),
    [
        ("M1 2 L3 4", [(1, 2), (3, 4)]),
        ("M1,2 3,4", [(1, 2), (3, 4)]),
        ("m1 2 l2 2", [(1, 2), (3, 4)]),
        ("M1 2 H5 V7", [(1, 2), (5, 2), (5, 7)]),
        ("M1 2 h4 v5", [(1, 2), (5, 2), (5, 7)]),
        ("M1-2L.5.5", [(1, -2), (0.5, 0.5)]),
    ],
)
def test_straight_commands_give_their_points(path: str, points: list[tuple[float, float]]) -> None:
    (stroke,) = strokes_of(path)
    assert list(stroke.points) == points
    assert not stroke.closed


def test_close_returns_to_the_beginning() -> None:
    first, second = strokes_of("M1 1 L5 1 L5 5 Z l-1 -1")
    assert first.closed
    assert second.points == ((1, 1), (0, 0))


@pytest.mark.parametrize(
    "path",
    ["M-8 0 A8 8 0 1 1 8 0 A8 8 0 1 1 -8 0 Z", "M8 0 a8 8 0 0 0 -16 0", "M0 -8 A1 1 0 0 1 0 8"],
)
def test_arc_lies_on_its_circle(path: str) -> None:
    (stroke,) = strokes_of(path)
    assert len(stroke.points) > 30
    assert all(hypot(x, y) == pytest.approx(8, abs=0.01) for x, y in stroke.points)


@pytest.mark.parametrize(
    ("path", "middle"),
    [
        ("M0 0 Q5 10 10 0", (5, 5)),
        ("M0 0 C0 10 10 10 10 0", (5, 7.5)),
        ("M-9 0 Q-5 -10 0 0 T10 0", (5, 5)),
        ("M-9 0 C-9 0 0 -10 0 0 S10 10 10 0", (5, 7.5)),
    ],
)
def test_curve_passes_through_its_middle(path: str, middle: tuple[float, float]) -> None:
    (stroke,) = strokes_of(path)
    assert min(hypot(x - middle[0], y - middle[1]) for x, y in stroke.points) < 0.9
    assert stroke.points[-1] == (10, 0)


@pytest.mark.parametrize("path", ["", "L1 2", "M1", "M1 2 C3 4", "M1 2 X3 4", "M1 2 Z 5"])
def test_other_text_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path data"):
        strokes_of(path)
