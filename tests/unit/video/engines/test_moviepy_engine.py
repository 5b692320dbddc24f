"""The MoviePy renderer: its pictures, its extension by a subclass, and the release it needs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from argparse import Namespace
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.settings.beam_options import VividlyOptions, graph_options
from pipeline.usage_error import UsageError
from tests.unit.pictures.samples import CART
from tests.unit.video.lessons import LESSON, narrate
from transforms.model import Visual
from transforms.video.engines.moviepy import plugin
from transforms.video.engines.moviepy.moviepy_engine import MoviePyRenderer, SceneClip
from transforms.video.engines.moviepy.plugin import NEEDED, PLUGIN
from transforms.video.engines.slides.slide_renderer import SlideRenderer, Take
from transforms.video.engines.video_engine import VideoSettings
from transforms.video.plan.storyboard import plan

SETTINGS = VideoSettings(320, 180)
PROJECT = Path(__file__).parents[4]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """A scene with bullets, and what comes before and after it."""
    narration = narrate(LESSON, tmp_path / "narration.m4a")
    board = plan(LESSON, narration, narration.duration)
    return Take(replace(board.shots[1], start=0), board.sections, 320, 180)


def drawn(engine: SlideRenderer, take: Take) -> dict[int, NDArray[np.uint8]]:
    return {frame: buffer.copy() for frame, buffer in engine.pictures(take)}


def test_moving_pictures_equal_those_of_slides(take: Take) -> None:
    beats = [{"sentence": 0, "show": name} for name in ("push", "net", "go")]
    text = json.dumps(CART | {"beats": beats})
    page = replace(take.shot.page, visual=Visual("picture", text), lines=())
    shot = replace(take.shot, page=page, reveals=(), beats=((10, 7), (30, 8), (40, 50)))
    take = replace(take, shot=shot)
    ours, theirs = (drawn(make(SETTINGS), take) for make in (SlideRenderer, MoviePyRenderer))
    assert len(ours) > 50
    for frame, picture in ours.items():
        if frame in theirs:
            assert np.abs(picture.astype(int) - theirs[frame]).max() <= 4, frame
    assert len(ours.keys() & theirs.keys()) > 50


def test_pictures_equal_those_of_slides(take: Take) -> None:
    said = ((0, ""), (20, "A net force\nmakes an object"), (70, "accelerate."), (90, ""))
    take = replace(take, shot=replace(take.shot, captions=said))
    ours, theirs = (drawn(make(SETTINGS), take) for make in (SlideRenderer, MoviePyRenderer))
    assert ours.keys() == theirs.keys()
    for frame, picture in ours.items():
        assert np.abs(picture.astype(int) - theirs[frame]).max() <= 4, frame


class Darkening(MoviePyRenderer):
    """Fades every scene to black."""

    def scene(self, take: Take) -> SceneClip:
        from moviepy import vfx

        clip = super().scene(take).clip
        return SceneClip(clip.with_effects([vfx.FadeOut(clip.duration)]), range(take.shot.length))


def test_effect_of_subclass_shows(take: Take) -> None:
    take = replace(take, shot=replace(take.shot, length=40, reveals=(0, 10)))
    pictures = drawn(Darkening(SETTINGS), take)
    assert list(pictures) == list(range(40))
    light = [float(picture[:180].mean()) for picture in pictures.values()]
    assert light == sorted(light, reverse=True)
    assert light[-1] < light[0] / 4


def test_subclass_has_its_own_identity() -> None:
    identities = [make(SETTINGS).identity for make in (SlideRenderer, MoviePyRenderer, Darkening)]
    assert all(one != other for one in identities for other in identities if one is not other)


@pytest.mark.parametrize("found", [None, "1.0.3", "2.3.0"])
def test_other_release_of_moviepy_is_refused(
    monkeypatch: pytest.MonkeyPatch, found: str | None
) -> None:
    def version(name: str) -> str:
        if found is None:
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr(plugin, "version", version)
    with pytest.raises(ValueError, match=f"(not|{found}).*installed"):
        PLUGIN.check_installed()
    with pytest.raises(ValueError, match="MoviePy"):
        MoviePyRenderer(SETTINGS)
    options = VividlyOptions().get_all_options()
    said = rf"--video-engine moviepy: MoviePy .*\[moviepy\].*--no-deps moviepy=={NEEDED}"
    with pytest.raises(UsageError, match=said):
        graph_options(Namespace(**{**options, "video_engine": "moviepy"}))


def test_missing_dependency_of_moviepy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> Any:
        return None if name == "proglog" else object()

    monkeypatch.setattr(plugin, "find_spec", find_spec)
    with pytest.raises(ValueError, match="lacks proglog"):
        PLUGIN.check_installed()


def test_constraints_pin_moviepy() -> None:
    pins = (PROJECT / "constraints.txt").read_text().splitlines()
    assert f"moviepy=={NEEDED}" in pins
    assert not re.search(r"moviepy *([<>~!]|==)", (PROJECT / "setup.py").read_text())
    installs = re.findall(r"^ *install .*$", (PROJECT / ".ci/venv").read_text(), re.M)
    assert installs
    assert all("--no-deps" in line for line in installs)


def test_only_moviepy_and_pillow_conflict() -> None:
    found = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    lines = [line for line in found.stdout.splitlines() if not line.startswith("No broken")]
    (line,) = lines
    assert re.match(rf"moviepy {re.escape(NEEDED)} has requirement pillow<12", line)
