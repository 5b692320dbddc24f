"""A finished lesson in Chromium: it plays, shows its captions, and seeks to the exact picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

from tests.browser.served import served
from tests.unit.video.lessons import LESSON, narrate
from transforms.model import Narration
from transforms.video.engines.slide_renderer import SlideRenderer
from transforms.video.engines.video_engine import VideoSettings

PLAYER = """
<!doctype html><body style="margin:0">
<video id="video" width="1280" height="720" preload="auto" muted>
<source src="video.mp4" type='video/mp4; codecs="avc1.640020, mp4a.40.2"'>
<track default kind="captions" srclang="en" src="captions.vtt"></video>
"""
SEEK = """async time => {
  const video = document.getElementById("video");
  await new Promise(done => { video.onseeked = done; video.currentTime = time; });
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas.toDataURL("image/png");
}"""
ALMOST = 6.0
"""Levels of 255 by which two ways to decode and convert may differ in the mean of a row."""

Picture = NDArray[np.float64]


@dataclass(frozen=True)
class Lesson:
    """A rendered lesson, where it is served, and its pictures with the times they are seen from."""

    url: str
    folder: Path
    narration: Narration
    pictures: list[tuple[float, Picture]]

    def chapters(self) -> list[float]:
        with av.open(str(self.folder / "video.mp4")) as source:
            return [float(chapter["start"] * chapter["time_base"]) for chapter in source.chapters()]


def pictures(path: Path) -> list[tuple[float, Picture]]:
    """Every picture that differs from the one before it."""
    found: list[tuple[float, Picture]] = []
    before = b""
    with av.open(str(path)) as source:
        for frame in source.decode(video=0):
            luma = bytes(frame.planes[0])
            if luma != before:
                found.append((float(frame.time), small(frame.to_image())))
            before = luma
    return found


def small(image: Image.Image) -> Picture:
    return np.asarray(image.convert("RGB").reduce(8), float)


@pytest.fixture(scope="module", params=["variable", "constant"])
def lesson(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lesson]:
    folder = tmp_path_factory.mktemp("lesson")
    out = folder / "out"
    out.mkdir()
    narration = narrate(LESSON, folder / "narration.m4a")
    settings = VideoSettings(workers=2, constant_frame_rate=request.param == "constant")
    SlideRenderer(settings).render(LESSON, narration, folder / "narration.m4a", out)
    (out / "index.html").write_text(PLAYER)
    with served(out) as url:
        yield Lesson(url, out, narration, pictures(out / "video.mp4"))


@pytest.fixture
def player(page: Page, lesson: Lesson) -> Page:
    page.goto(f"{lesson.url}/index.html")
    page.wait_for_function("document.getElementById('video').readyState >= 3")
    return page


def seek(player: Page, time: float) -> Picture:
    data = player.evaluate(SEEK, time)
    return small(Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))))


def test_it_plays(player: Page, lesson: Lesson) -> None:
    facts = player.evaluate(
        "(v => [v.videoWidth, v.videoHeight, v.duration])(document.getElementById('video'))"
    )
    assert facts[:2] == [1280, 720]
    assert facts[2] == pytest.approx(lesson.narration.duration, abs=0.1)
    player.evaluate("document.getElementById('video').play()")
    player.wait_for_function("document.getElementById('video').currentTime > 1")
    assert player.evaluate("document.getElementById('video').error") is None


def test_it_plays_to_its_end(player: Page, lesson: Lesson) -> None:
    last = lesson.pictures[-1][1]
    seek(player, lesson.narration.duration - 1)
    player.evaluate("document.getElementById('video').play()")
    player.wait_for_function("document.getElementById('video').ended")
    assert np.abs(seek(player, lesson.narration.duration - 0.02) - last).mean() < ALMOST


def test_captions_show(player: Page, lesson: Lesson) -> None:
    player.wait_for_function("document.querySelector('track').readyState == 2")
    for sentence in lesson.narration.sentences:
        seek(player, (sentence.start + sentence.end) / 2)
        player.wait_for_function(
            """said => [...document.getElementById('video').textTracks[0].activeCues].some(
                 cue => said.includes(cue.text.replaceAll("\\n", " ")))""",
            arg=sentence.text,
        )
    assert player.evaluate("document.getElementById('video').textTracks[0].mode") == "showing"


def test_every_chapter_opens_on_its_own_picture(player: Page, lesson: Lesson) -> None:
    seen = lesson.pictures
    chapters = lesson.chapters()
    assert len(chapters) == len(LESSON.sections())
    firsts = [next(shown for time, shown in seen if time >= at - 0.001) for at in chapters]
    for one, other in pairwise(firsts):
        assert np.abs(one - other).mean() > ALMOST  # else the next lines would say nothing
    for at, first in zip(chapters, firsts, strict=True):
        assert np.abs(seek(player, at) - first).mean() < ALMOST


def test_a_seek_shows_what_was_last_drawn(player: Page, lesson: Lesson) -> None:
    """Also inside of a picture that stands for seconds, and right before and after a change."""
    seen = lesson.pictures
    times = [time for time, _ in seen]
    changes = [i for i, (a, b) in enumerate(pairwise(times)) if b - a > 0.5]
    for i in changes[:: max(1, len(changes) // 4)]:
        for time in (times[i] + 0.01, (times[i] + times[i + 1]) / 2, times[i + 1] - 0.01):
            assert np.abs(seek(player, time) - seen[i][1]).max() < 4 * ALMOST


def test_colours_are_those_that_were_drawn(player: Page, lesson: Lesson) -> None:
    """Wrong tags of range or matrix would show here."""
    drawn = np.asarray(Image.open(lesson.folder / "thumbnail.jpg").convert("RGB").reduce(8), float)
    end_of_title = lesson.chapters()[1] - 0.5
    assert np.abs(seek(player, end_of_title) - drawn)[20:].mean() < 1.5
