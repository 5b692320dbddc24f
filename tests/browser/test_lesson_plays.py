"""Tests of a rendered lesson in Chromium: playback, captions and exact seeking."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from transforms.video.engines.slides.slide_renderer import SlideRenderer
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
TOLERANCE = 6.0
"""Mean difference, in levels of 255, that two decoders may have."""

SHORT = replace(
    LESSON,
    hook="Why?",
    scenes=(
        replace(LESSON.scenes[0], narration="A net force makes an object accelerate."),
        replace(
            LESSON.scenes[1],
            narration="Net force equals mass times acceleration, and that one line is enough to "
            "tell how fast a ball will speed up.",
        ),
    ),
    key_takeaways=("Force equals mass times acceleration.",),
)
"""A shorter lesson with the same kinds of sections as `LESSON`."""

Picture = NDArray[np.float64]


@dataclass(frozen=True)
class Lesson:
    """A rendered lesson, its address, and its pictures with their start times."""

    url: str
    folder: Path
    narration: Narration
    pictures: list[tuple[float, Picture]]

    def chapters(self) -> list[float]:
        """Return the start times of the chapters in seconds."""
        with av.open(str(self.folder / "video.mp4")) as source:
            return [float(chapter["start"] * chapter["time_base"]) for chapter in source.chapters()]


def pictures(path: Path) -> list[tuple[float, Picture]]:
    """Return every picture that differs from its predecessor, with its time in seconds."""
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


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a cache of drawn scenes, so that the second frame rate is not drawn again."""
    return tmp_path_factory.mktemp("segments")


@pytest.fixture(scope="module", params=["variable", "constant"])
def lesson(
    request: pytest.FixtureRequest, segments: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lesson]:
    folder = tmp_path_factory.mktemp("lesson")
    out = folder / "out"
    out.mkdir()
    narration = narrate(SHORT, folder / "narration.m4a")
    settings = VideoSettings(
        workers=2,
        constant_frame_rate=request.param == "constant",
        cache=str(segments),
        cache_bytes=100_000_000,
    )
    SlideRenderer(settings).render(SHORT, narration, folder / "narration.m4a", out)
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


def test_video_plays(player: Page, lesson: Lesson) -> None:
    facts = player.evaluate(
        "(v => [v.videoWidth, v.videoHeight, v.duration])(document.getElementById('video'))"
    )
    assert facts[:2] == [1280, 720]
    assert facts[2] == pytest.approx(lesson.narration.duration, abs=0.1)
    player.evaluate("document.getElementById('video').play()")
    player.wait_for_function("document.getElementById('video').currentTime > 1")
    assert player.evaluate("document.getElementById('video').error") is None


def test_video_plays_to_its_end(player: Page, lesson: Lesson) -> None:
    last = lesson.pictures[-1][1]
    seek(player, lesson.narration.duration - 1)
    player.evaluate("document.getElementById('video').play()")
    player.wait_for_function("document.getElementById('video').ended")
    assert np.abs(seek(player, lesson.narration.duration - 0.02) - last).mean() < TOLERANCE


def test_captions_are_shown(player: Page, lesson: Lesson) -> None:
    player.wait_for_function("document.querySelector('track').readyState == 2")
    for sentence in lesson.narration.sentences:
        seek(player, (sentence.start + sentence.end) / 2)
        player.wait_for_function(
            """said => [...document.getElementById('video').textTracks[0].activeCues].some(
                 cue => said.includes(cue.text.replaceAll("\\n", " ")))""",
            arg=sentence.text,
        )
    assert player.evaluate("document.getElementById('video').textTracks[0].mode") == "showing"


def test_chapters_start_with_their_own_picture(player: Page, lesson: Lesson) -> None:
    seen = lesson.pictures
    chapters = lesson.chapters()
    assert len(chapters) == len(SHORT.sections())
    firsts = [next(shown for time, shown in seen if time >= at - 0.001) for at in chapters]
    for one, other in pairwise(firsts):
        assert np.abs(one - other).mean() > TOLERANCE  # otherwise the next lines prove nothing
    for at, first in zip(chapters, firsts, strict=True):
        assert np.abs(seek(player, at) - first).mean() < TOLERANCE


def test_seek_shows_the_current_picture(player: Page, lesson: Lesson) -> None:
    """Seek into a still picture, and to just before and after a change."""
    seen = lesson.pictures
    times = [time for time, _ in seen]
    changes = [i for i, (a, b) in enumerate(pairwise(times)) if b - a > 0.5]
    for i in changes[:: max(1, len(changes) // 4)]:
        for time in (times[i] + 0.01, (times[i] + times[i + 1]) / 2, times[i + 1] - 0.01):
            assert np.abs(seek(player, time) - seen[i][1]).max() < 4 * TOLERANCE


def test_colours_match_the_drawn_slide(player: Page, lesson: Lesson) -> None:
    """Wrong tags for colour range or matrix would change the colours."""
    drawn = np.asarray(Image.open(lesson.folder / "thumbnail.jpg").convert("RGB").reduce(8), float)
    end_of_title = lesson.chapters()[1] - 0.5
    assert np.abs(seek(player, end_of_title) - drawn)[20:].mean() < 1.5
