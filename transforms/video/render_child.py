"""The video stage's work in a child process; imports no Beam, which takes a second to load."""

from __future__ import annotations

from pathlib import Path

from transforms.engine_plugin import ChosenEngine
from transforms.model import Narration, Script, Video, decode
from transforms.process.singletons import clear_singletons
from transforms.video.engines.video_engine import VideoEngine, VideoSettings


def make_video_engine(chosen: ChosenEngine, settings: VideoSettings) -> VideoEngine:
    """Create the engine; its drawing libraries are imported only now.

    Raises:
        ValueError: what it needs is not installed, or it refuses the settings.
    """
    engine: VideoEngine = chosen.make(settings)
    return engine


def render_in_child(chosen: ChosenEngine, settings: VideoSettings, folder: Path) -> Video:
    """Render the files in `folder`; runs in a child process."""
    clear_singletons()  # the voice, which the fork server has ready for narrations
    return make_video_engine(chosen, settings).render(
        decode(Script, (folder / "script.json").read_bytes()),
        decode(Narration, (folder / "narration.json").read_bytes()),
        folder / "narration.m4a",
        folder / "out",
    )
