"""Tests of `skip_frames`: constant rate shows the same pictures for a few bytes per frame."""

from __future__ import annotations

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from transforms.video.encode.encoder import Segment, encode
from transforms.video.encode.skip_frames import constant_rate

WIDTH, HEIGHT = 320, 192


def pictures(frames: list[int]) -> list[tuple[int, NDArray[np.uint8]]]:
    """Return pictures with enough noise that frames contain all byte values."""
    random = np.random.default_rng(1)
    plane = np.full((HEIGHT * 3 // 2, WIDTH), 90, np.uint8)
    found = []
    for frame in frames:
        top = int(random.integers(0, HEIGHT - 64))
        plane[top : top + 64, :200] = random.integers(16, 235, (64, 200))
        found.append((frame, plane.copy()))
    return found


def decode(segment: Segment) -> dict[int, NDArray[np.uint8]]:
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = segment.header
    seen = {}
    for unit in segment.units:
        packet = av.Packet(unit.data)
        packet.pts = packet.dts = unit.frame
        seen.update({frame.pts: frame.to_ndarray() for frame in decoder.decode(packet)})
    seen.update({frame.pts: frame.to_ndarray() for frame in decoder.decode(None)})
    return seen


@pytest.mark.parametrize(
    ("frames", "length"),
    [
        ([0], 1),
        ([0], 300),
        ([0, 1, 2, 3], 4),
        ([0, 7, 8, 30, 46, 62], 80),  # sixteen frames apart: the same number again
        ([0, *range(100, 118), 119, 200], 260),
    ],
)
def test_constant_rate_repeats_the_current_picture(frames: list[int], length: int) -> None:
    segment = encode(iter(pictures(frames)), length, WIDTH, HEIGHT)
    constant = constant_rate(segment, WIDTH, HEIGHT)
    assert [unit.frame for unit in constant.units] == list(range(length))
    assert [u.frame for u in constant.units if u.key] == [u.frame for u in segment.units if u.key]
    sparse, dense = decode(segment), decode(constant)
    assert sorted(dense) == list(range(length))
    current = sparse[0]
    for frame in range(length):
        current = sparse.get(frame, current)
        assert np.array_equal(dense[frame], current), frame


def test_repeated_frames_take_few_bytes() -> None:
    segment = encode(iter(pictures([0])), 100, WIDTH, HEIGHT)
    constant = constant_rate(segment, WIDTH, HEIGHT)
    assert max(len(unit.data) for unit in constant.units[1:]) < 40


def test_unit_that_is_not_a_slice_raises() -> None:
    segment = encode(iter(pictures([0, 5])), 9, WIDTH, HEIGHT)
    broken = Segment((segment.units[1], segment.units[0]), 9, segment.header)
    mislabelled = [u.__class__(u.frame, u.data, False) for u in broken.units]
    with pytest.raises(ValueError, match=r"type|unpack"):
        constant_rate(Segment(tuple(mislabelled), 9, segment.header), WIDTH, HEIGHT)
