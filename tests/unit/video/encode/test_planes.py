"""Tests of `planes`: conversion of RGB to limited-range BT.709."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from transforms.video.encode.planes import empty_planes, to_planes


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
        ((128, 128, 128), (126, 128, 128)),
    ],
)
def test_to_planes_converts_to_bt709(
    colour: tuple[int, int, int], expected: tuple[int, int, int]
) -> None:
    planes = to_planes(Image.new("RGB", (8, 4), colour))
    for plane, value in zip((planes.y, planes.u, planes.v), expected, strict=True):
        assert plane.min() == plane.max()
        assert abs(int(plane[0, 0]) - value) <= 1


def test_empty_planes_are_laid_out_as_yuv420p() -> None:
    buffer, planes = empty_planes(8, 6)
    planes.y[...], planes.u[...], planes.v[...] = 1, 2, 3
    assert buffer.reshape(-1).tolist() == [1] * 48 + [2] * 12 + [3] * 12


def test_part_is_a_view_of_the_planes() -> None:
    _, planes = empty_planes(8, 8)
    for plane in (planes.y, planes.u, planes.v):
        plane[...] = 0
    planes.part((2, 4, 6, 8)).put(to_planes(Image.new("RGB", (4, 4), (255, 255, 255))))
    assert np.argwhere(planes.y).min(axis=0).tolist() == [4, 2]
    assert (planes.y > 0).sum() == 16
    assert (planes.u > 0).sum() == 4


def test_blend_interpolates_in_equal_steps() -> None:
    black = to_planes(Image.new("RGB", (4, 4), (0, 0, 0)))
    white = to_planes(Image.new("RGB", (4, 4), (255, 255, 255)))
    shades = [int(black.blend(white, share, 8).y[0, 0]) for share in range(9)]
    assert (shades[0], shades[-1]) == (16, 235)
    steps = np.diff(shades)
    assert steps.min() >= 27
    assert steps.max() <= 28


def test_changed_box_covers_changes_with_even_edges() -> None:
    picture = Image.new("RGB", (16, 12), (200, 200, 200))
    before = to_planes(picture)
    picture.putpixel((5, 3), (0, 0, 0))
    picture.putpixel((9, 8), (0, 0, 0))
    assert before.changed_box(to_planes(picture)) == (4, 2, 10, 10)


def test_changed_box_includes_changes_of_chroma() -> None:
    _, before = empty_planes(8, 8)
    for plane in (before.y, before.u, before.v):
        plane[...] = 128
    after = before.copy()
    after.v[3, 1] = 0
    assert before.changed_box(after) == (2, 6, 4, 8)
    assert before.changed_box(before) == (0, 0, 2, 2)
