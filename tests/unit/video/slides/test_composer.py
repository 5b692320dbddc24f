"""Tests of `composer`: elements fade in, slides fade out, the progress bar moves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.unit.video.lessons import LESSON, narrate
from transforms.video.draw.canvas import Pixels
from transforms.video.encode.planes import Plane, Planes, to_planes
from transforms.video.plan.storyboard import Shot, plan
from transforms.video.plan.timeline import EXIT, FADE
from transforms.video.slides.composer import pictures
from transforms.video.slides.draw_slide import Slide, draw_slide

WIDTH, HEIGHT = 640, 360


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Shot:
    narration = narrate(LESSON, tmp_path_factory.mktemp("lesson") / "narration.m4a")
    return plan(LESSON, narration, narration.duration).shots[1]


@pytest.fixture(scope="module")
def slide(shot: Shot) -> Slide:
    return draw_slide(shot.page, WIDTH, HEIGHT)


def luma(buffer: Plane, box: Pixels) -> Plane:
    left, top, right, bottom = box
    return buffer[top:bottom, left:right]


def same(buffer: Plane, other: Planes, box: Pixels) -> bool:
    return bool((luma(buffer, box) == other.part(box).y).all())


def drawn(shot: Shot, *, clears: bool) -> Iterator[tuple[int, Plane]]:
    return pictures(shot, 4, WIDTH, HEIGHT, clears=clears)


def test_elements_appear_at_their_reveal_frames(shot: Shot, slide: Slide) -> None:
    base, full = to_planes(slide.base), to_planes(slide.full)
    first, second = shot.reveals
    assert 0 < first < second - FADE
    for frame, buffer in drawn(shot, clears=False):
        for box, reveal in zip(slide.boxes, shot.reveals, strict=True):
            assert same(buffer, base, box) == (frame < reveal)
            assert same(buffer, full, box) == (frame >= reveal + FADE - 1)


def test_element_fades_in_linearly(shot: Shot, slide: Slide) -> None:
    box, reveal = slide.boxes[0], shot.reveals[0]
    darkness = [
        float(luma(buffer, box).mean())
        for frame, buffer in drawn(shot, clears=False)
        if reveal - 1 <= frame < reveal + FADE
    ]
    steps = -np.diff(darkness)
    assert steps == pytest.approx(steps.mean(), rel=0.25)


def test_slide_fades_out_linearly_to_its_background(shot: Shot, slide: Slide) -> None:
    blank = to_planes(slide.blank)
    body = slide.body
    distance = {
        frame: float(np.abs(luma(buffer, body).astype(int) - blank.part(body).y).mean())
        for frame, buffer in drawn(shot, clears=True)
    }
    frames = sorted(distance)[-EXIT:]
    length = shot.length - shot.still
    assert frames == list(range(length - EXIT, length))
    initial = distance[sorted(distance)[-EXIT - 1]]
    for step, frame in enumerate(frames, 1):
        assert distance[frame] == pytest.approx(initial * (1 - step / EXIT), abs=0.35)
    assert distance[frames[-1]] == 0


def test_progress_bar_moves_with_the_sentences(shot: Shot, slide: Slide) -> None:
    strip = (0, 0, WIDTH, slide.strip.height)
    bars = {luma(buffer, strip).tobytes() for _, buffer in drawn(shot, clears=True)}
    assert len(bars) == len({share for _, share in shot.progress if share})
