"""Looks, sizes and contents that video engines render or refuse."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.contract.video_engines.support import (
    FPS,
    SMALL,
    Rendered,
    caption_track,
    packets,
    render,
    time_steps,
    webvtt,
)
from tests.unit.video.lessons import ASKING, HOSTILE, LESSON, VISUALS, WORDS, lesson_of
from transforms.errors import PermanentError
from transforms.model import THINKING
from transforms.video.engines.video_engine import VideoEngine, VideoSettings
from transforms.video.plan.pages import Look


def test_question_and_answer_share_a_chapter(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    found = render(engine, tmp_path, ASKING)
    check_plays(found)
    chapters = webvtt(found.folder / "chapters.vtt")
    asked, answered = found.narration.sections[-2:]
    assert chapters[-1][2] == "Quick check"
    assert chapters[-1][0] == pytest.approx(asked[0], abs=1 / FPS)
    assert chapters[-1][1] == pytest.approx(found.video.duration, abs=1 / FPS)
    heard = [s for s in found.narration.sentences if s.section == len(found.narration.sections) - 2]
    assert answered[0] - heard[-1].end >= THINKING
    with av.open(str(found.mp4)) as source:
        shown = {
            float(frame.pts * frame.time_base): frame.to_ndarray()
            for frame in source.decode(video=0)
        }
    before, after = (
        shown[max(time for time in shown if time <= answered[0] + step / FPS)][20:120].astype(int)
        for step in (-2, 1)
    )
    assert (np.abs(before - after) > 24).mean() < 0.001


def test_look_changes_picture_and_identity(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    logo = tmp_path / "logo.png"
    Image.new("RGBA", (400, 100), (255, 0, 0, 255)).save(logo)
    plain = VideoSettings(640, 360)
    changed = [
        replace(plain, look=Look("dark")),
        replace(plain, look=Look("auto", str(logo))),
        replace(plain, intro="A school"),
    ]
    identities = [dict(engine(settings).identity) for settings in (plain, *changed)]
    assert all(a != b for a, b in combinations(identities, 2))
    settings = replace(plain, look=Look("light", str(logo)), intro="A school")
    found = render(engine, tmp_path, replace(LESSON, scenes=LESSON.scenes[:1]), settings)
    with av.open(str(found.mp4)) as source:
        frame = next(source.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert frame[-10, 10].min() > 230
    corner = frame[325:343, 510:590]
    assert (corner[..., 0] - corner[..., 1] > 120).mean() > 0.9


def test_burned_captions_are_in_the_picture(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    settings = VideoSettings(640, 360, burn_captions=True, time_words=True)
    found = render(engine, tmp_path, replace(LESSON, scenes=()), settings)
    first = found.narration.sentences[0]
    with av.open(str(found.mp4)) as source:
        shown = {
            float(frame.pts * frame.time_base): frame.to_ndarray(format="rgb24")[310:348, 200:440]
            for frame in source.decode(video=0)
        }

    def letters(at: float) -> float:
        return float((shown[max(time for time in shown if time <= at)] > 220).mean())

    assert letters(first.start + 0.3) > 0.02
    assert letters(found.video.duration - 0.1) == 0
    assert packets(found.mp4, "subtitle")
    assert "<00:" in (found.folder / "captions.vtt").read_text(encoding="utf-8")
    for change in ({"burn_captions": True}, {"time_words": True}):
        assert engine(replace(SMALL, **change)).identity != engine(SMALL).identity  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_invalid_logo_is_refused(
    engine: Callable[[VideoSettings], VideoEngine], content: bytes, tmp_path: Path
) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(content)
    with pytest.raises(PermanentError, match=r"logo\.png"):
        engine(VideoSettings(look=Look(logo=str(logo))))


def test_constant_frame_rate_shows_same_pictures(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    found = []
    for name, settings in (
        ("variable", SMALL),
        ("constant", replace(SMALL, constant_frame_rate=True)),
    ):
        (tmp_path / name).mkdir()
        found.append(render(engine, tmp_path / name, settings=settings))
    variable, constant = found
    times = [packet.pts * packet.time_base * FPS for packet in packets(constant.mp4, "video")]
    assert times == list(range(constant.video.frames))
    assert constant.video == variable.video
    assert all(min(steps[:-1]) > 0 for steps in time_steps(constant.mp4).values())
    assert constant.mp4.stat().st_size < 1.5 * variable.mp4.stat().st_size
    with av.open(str(constant.mp4)) as dense, av.open(str(variable.mp4)) as sparse:
        pending = deque(sparse.decode(video=0))
        standing = pending[0].to_ndarray()
        for frame in dense.decode(video=0):
            if pending and pending[0].time <= frame.time:
                standing = pending.popleft().to_ndarray()
            assert np.array_equal(frame.to_ndarray(), standing)
    assert not pending


def test_identity_depends_on_size(
    engine: Callable[[VideoSettings], VideoEngine],
) -> None:
    small, large = engine(VideoSettings()), engine(VideoSettings(1920, 1080))
    assert small.identity != large.identity
    assert small.identity != engine(VideoSettings(constant_frame_rate=True)).identity
    assert json.loads(json.dumps(dict(small.identity))) == dict(small.identity)
    assert {"av", "pillow", "version"} <= small.identity.keys()


def test_full_hd_video_has_full_size(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    settings = VideoSettings(1920, 1080, workers=2)
    script = replace(lesson_of("Force"), scenes=())
    found = render(engine, tmp_path, script, settings)
    assert (found.video.width, found.video.height) == (1920, 1080)
    with av.open(str(found.mp4)) as source:
        frame = next(source.decode(video=0))
        assert (frame.width, frame.height) == (1920, 1080)


def check_plays(found: Rendered) -> None:
    """Assert that a video can be decoded completely and shows more than a background."""
    with av.open(str(found.mp4)) as source:
        last = None
        for last in source.decode(video=0):
            assert last.to_ndarray()[: last.height].std() > 1
        assert last is not None
        assert float(last.pts * last.time_base) < found.video.duration
    captions = webvtt(found.folder / "captions.vtt")
    assert [text for *_, text in caption_track(found.mp4)] == [text for *_, text in captions]
    for start, end, text in captions:
        assert 0 <= start < end <= found.video.duration + 0.001
        assert text.strip()


@pytest.mark.parametrize("language", WORDS)
def test_every_writing_system_is_rendered(
    engine: Callable[[VideoSettings], VideoEngine], language: str, tmp_path: Path
) -> None:
    check_plays(render(engine, tmp_path, lesson_of(WORDS[language], language)))


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_text_is_rendered(
    engine: Callable[[VideoSettings], VideoEngine], case: str, tmp_path: Path
) -> None:
    script = lesson_of(HOSTILE[case])
    spoken = (HOSTILE[case][:300],)  # the whole text is shown; speaking it would take minutes
    check_plays(render(engine, tmp_path, replace(script, key_takeaways=spoken)))


def test_every_kind_of_visual_is_shown(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    (scene,) = lesson_of("Force").scenes
    scenes = tuple(replace(scene, visual=visual) for visual in VISUALS)
    check_plays(render(engine, tmp_path, replace(lesson_of("Force"), scenes=scenes)))


@pytest.mark.parametrize("subject", ["biology", "", "an unknown subject", "<script>"])
def test_any_subject_has_a_theme(
    engine: Callable[[VideoSettings], VideoEngine], subject: str, tmp_path: Path
) -> None:
    check_plays(render(engine, tmp_path, replace(lesson_of("Force"), subject=subject)))


@pytest.mark.parametrize("size", [(1281, 720), (1280, 721)])
def test_odd_sizes_are_refused(
    engine: Callable[[VideoSettings], VideoEngine], size: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match="even"):
        engine(VideoSettings(*size))
