"""MoviePy shows the same lesson, can be extended, and is taken in one version only."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.settings import BY_NAME
from tests.unit.video.lessons import LESSON, narrate
from transforms.video.engines import moviepy_engine
from transforms.video.engines.moviepy_engine import NEEDED, MoviePyRenderer, SceneClip, check
from transforms.video.engines.slide_renderer import SlideRenderer, Take
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


def test_it_shows_what_the_slides_engine_shows(take: Take) -> None:
    said = ((0, ""), (20, "A net force\nmakes an object"), (70, "accelerate."), (90, ""))
    take = replace(take, shot=replace(take.shot, captions=said))
    ours, theirs = (drawn(make(SETTINGS), take) for make in (SlideRenderer, MoviePyRenderer))
    assert ours.keys() == theirs.keys()
    for frame, picture in ours.items():
        assert np.abs(picture.astype(int) - theirs[frame]).max() <= 4, frame


class Darkening(MoviePyRenderer):
    """A lesson whose light goes out."""

    def scene(self, take: Take) -> SceneClip:
        from moviepy import vfx

        clip = super().scene(take).clip
        return SceneClip(clip.with_effects([vfx.FadeOut(clip.duration)]), range(take.shot.length))


def test_an_effect_of_ones_own_shows(take: Take) -> None:
    take = replace(take, shot=replace(take.shot, length=40, reveals=(0, 10)))
    pictures = drawn(Darkening(SETTINGS), take)
    assert list(pictures) == list(range(40))
    light = [float(picture[:180].mean()) for picture in pictures.values()]
    assert light == sorted(light, reverse=True)
    assert light[-1] < light[0] / 4


def test_an_engine_of_ones_own_is_not_taken_for_this_one() -> None:
    identities = [make(SETTINGS).identity for make in (SlideRenderer, MoviePyRenderer, Darkening)]
    assert all(one != other for one in identities for other in identities if one is not other)


@pytest.mark.parametrize("found", [None, "1.0.3", "2.3.0"])
def test_another_moviepy_is_refused(monkeypatch: pytest.MonkeyPatch, found: str | None) -> None:
    def version(name: str) -> str:
        if found is None:
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr(moviepy_engine, "version", version)
    with pytest.raises(ValueError, match=f"(not|{found}).*installed.*--no-deps moviepy=={NEEDED}"):
        check()
    with pytest.raises(ValueError, match=NEEDED):
        BY_NAME["video-engine"].type("moviepy")


def test_what_moviepy_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> Any:
        return None if name == "proglog" else object()

    monkeypatch.setattr(moviepy_engine, "find_spec", find_spec)
    with pytest.raises(ValueError, match="lacks proglog"):
        check()


def test_pip_can_pick_no_other_version() -> None:
    pins = (PROJECT / "constraints.txt").read_text().splitlines()
    assert f"moviepy=={NEEDED}" in pins
    assert not re.search(r"moviepy *[=<>~!]", (PROJECT / "setup.py").read_text())
    installs = re.findall(r"^.*install.* moviepy$", (PROJECT / ".ci/venv").read_text(), re.M)
    assert installs
    assert all("--no-deps" in line for line in installs)


def test_all_that_is_installed_fits_but_for_moviepy_and_pillow() -> None:
    found = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    lines = [line for line in found.stdout.splitlines() if not line.startswith("No broken")]
    (line,) = lines
    assert re.match(rf"moviepy {re.escape(NEEDED)} has requirement pillow<12", line)
