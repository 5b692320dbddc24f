"""Tests of `encoder`: decoded pictures match the drawn ones; key frames are frequent enough."""

from __future__ import annotations

from itertools import pairwise

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.quality import ssim
from tests.unit.video.lessons import LESSON, narrate
from transforms.video.encode.encoder import KEY_FRAME_INTERVAL, Segment, encode
from transforms.video.plan.storyboard import Storyboard, plan
from transforms.video.slides.composer import pictures

WIDTH, HEIGHT = 1280, 720


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Storyboard:
    narration = narrate(LESSON, tmp_path_factory.mktemp("lesson") / "narration.m4a")
    return plan(LESSON, narration, narration.duration)


def decode(segment: Segment) -> dict[int, NDArray[np.uint8]]:
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = segment.header
    frames = []
    for unit in segment.units:
        packet = av.Packet(unit.data)
        packet.pts = packet.dts = unit.frame
        frames += decoder.decode(packet)
    frames += decoder.decode(None)
    return {frame.pts: frame.to_ndarray() for frame in frames}


@pytest.mark.parametrize("index", range(5))
def test_decoded_pictures_match_the_drawn_ones(board: Storyboard, index: int) -> None:
    shot = board.shots[index]
    drawn = {
        frame: buffer.copy()
        for frame, buffer in pictures(shot, board.sections, WIDTH, HEIGHT, clears=index < 4)
    }
    segment = encode(iter(drawn.items()), shot.length, WIDTH, HEIGHT)
    seen = decode(segment)
    assert drawn.keys() <= seen.keys()
    assert all(np.isin(buffer, range(16, 241)).all() for buffer in drawn.values())
    for frame in list(drawn)[::4]:
        error = np.square(seen[frame].astype(float) - drawn[frame]).mean()
        assert 10 * np.log10(255**2 / max(error, 1e-9)) > 40
        assert ssim(seen[frame], drawn[frame], HEIGHT) > 0.995


@pytest.mark.parametrize(
    ("frames", "length"), [([0], 1), ([0], 1000), ([0, 5, 119, 121, 600], 901), ([0, 240], 241)]
)
def test_key_frame_interval_is_never_exceeded(frames: list[int], length: int) -> None:
    buffer = np.full((96, 64), 128, np.uint8)
    segment = encode(((frame, buffer) for frame in frames), length, 64, 64)
    units = [unit.frame for unit in segment.units]
    keys = [unit.frame for unit in segment.units if unit.key]
    assert units == sorted(set(units))
    assert set(frames) <= set(units)
    assert keys[0] == 0
    assert all(b - a <= KEY_FRAME_INTERVAL for a, b in pairwise([*keys, length]))
    assert units[-1] < length


def test_equal_pictures_make_equal_bytes(board: Storyboard) -> None:
    shot = board.shots[1]
    once, again = (
        encode(pictures(shot, board.sections, 640, 360, clears=True), shot.length, 640, 360)
        for _ in range(2)
    )
    assert once == again


def test_segments_of_a_lesson_share_their_header(board: Storyboard) -> None:
    headers = {
        encode(pictures(shot, board.sections, 640, 360, clears=False), shot.length, 640, 360).header
        for shot in board.shots[:2]
    }
    assert len(headers) == 1


def test_unchanged_frames_are_not_encoded(board: Storyboard) -> None:
    shot = board.shots[2]
    segment = encode(pictures(shot, board.sections, 640, 360, clears=True), shot.length, 640, 360)
    assert len(segment.units) < shot.length / 5
