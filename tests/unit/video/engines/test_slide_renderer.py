"""Changing one scene renders one scene."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.pictures.samples import SAMPLES
from tests.unit.video.lessons import LESSON, narrate
from transforms.model import Scene, Script, Visual
from transforms.pictures.picture import build_picture
from transforms.video.encode import encoder
from transforms.video.engines.slides import slide_renderer
from transforms.video.engines.slides.slide_renderer import SlideRenderer
from transforms.video.engines.video_engine import VideoSettings

CHANGED = replace(
    LESSON,
    scenes=(
        replace(
            LESSON.scenes[0],
            narration="A net force makes an object accelerate, and twice the force does so twice "
            "as much. Twice the mass does so half as much.",
        ),
        LESSON.scenes[1],
    ),
)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The length of each shot that is rendered."""
    lengths: list[int] = []

    def encode(drawn: Any, length: int, *size: int) -> Any:
        lengths.append(length)
        return encode_it(drawn, length, *size)

    encode_it = encoder.encode
    monkeypatch.setattr(slide_renderer, "encode", encode)
    return lengths


def render(script: Script, folder: Path, settings: VideoSettings, name: str = "video") -> bytes:
    out = folder / name
    out.mkdir()
    narration = narrate(script, folder / "narration.m4a")
    SlideRenderer(settings).render(script, narration, folder / "narration.m4a", out)
    return (out / "video.mp4").read_bytes()


def test_unchanged_scene_comes_from_cache(tmp_path: Path, encoded: list[int]) -> None:
    cached = VideoSettings(320, 180, 2, cache=str(tmp_path / "cache"), cache_bytes=10_000_000)
    first = render(LESSON, tmp_path, cached, "first")
    assert len(encoded) == 5  # title, two scenes, takeaways, end card
    assert render(LESSON, tmp_path, cached, "again") == first
    assert len(encoded) == 5
    changed = render(CHANGED, tmp_path, cached, "changed")
    assert len(encoded) == 6
    uncached = replace(cached, cache_bytes=0)
    assert render(CHANGED, tmp_path, uncached, "uncached") == changed
    assert len(encoded) == 11


def test_frame_rates_share_cached_scenes(tmp_path: Path, encoded: list[int]) -> None:
    cached = VideoSettings(320, 180, cache=str(tmp_path / "cache"), cache_bytes=10_000_000)
    render(LESSON, tmp_path, cached, "variable")
    render(LESSON, tmp_path, replace(cached, constant_frame_rate=True), "constant")
    assert len(encoded) == 5


@pytest.mark.parametrize("other", [{"width": 322}, {"height": 182}])
def test_other_size_is_rendered_again(
    tmp_path: Path, encoded: list[int], other: dict[str, int]
) -> None:
    cached = VideoSettings(320, 180, cache=str(tmp_path / "cache"), cache_bytes=10_000_000)
    render(LESSON, tmp_path, cached, "one")
    render(LESSON, tmp_path, replace(cached, **other), "other")  # type: ignore[arg-type]
    assert len(encoded) == 10


def test_changed_code_renders_again(
    tmp_path: Path, encoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = VideoSettings(320, 180, cache=str(tmp_path / "cache"), cache_bytes=10_000_000)
    render(LESSON, tmp_path, cached, "one")
    monkeypatch.setattr(slide_renderer, "source_digests", lambda *_: {"layouts.py": "changed"})
    render(LESSON, tmp_path, cached, "other")
    assert len(encoded) == 10


def test_moving_pictures_have_same_bytes_with_any_workers(tmp_path: Path) -> None:
    scenes = []
    for name, sample in SAMPLES.items():
        picture = build_picture(sample)
        shown = (*picture.elements(), *picture.states)[:4]
        beats = [{"sentence": 0, "share": at / 8, "show": each} for at, each in enumerate(shown)]
        visual = Visual("picture", json.dumps(sample | {"beats": beats}))
        scenes.append(Scene(name, "This sentence tells what the picture shows.", (), visual))
    script = replace(LESSON, scenes=tuple(scenes))
    videos = {
        render(script, tmp_path, VideoSettings(320, 180, workers), f"with-{workers}")
        for workers in (1, 2, 3)
    }
    assert len(videos) == 1
