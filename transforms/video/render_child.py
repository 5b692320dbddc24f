"""What the video stage does in a child process: nothing here loads Beam, which takes a second."""

from __future__ import annotations

from pathlib import Path

from transforms.model import Narration, Script, Video, decode
from transforms.process.singletons import clear_singletons
from transforms.video.engines.video_engine import VideoEngine, VideoSettings


def make_video_engine(name: str, settings: VideoSettings) -> VideoEngine:
    """The renderer of that name.

    Raises:
        ValueError: what it needs is not installed.
    """
    if name == "moviepy":
        from transforms.video.engines.moviepy_engine import MoviePyRenderer

        return MoviePyRenderer(settings)
    from transforms.video.engines.slide_renderer import SlideRenderer

    return SlideRenderer(settings)


def render_in_child(name: str, settings: VideoSettings, folder: Path) -> Video:
    """Render what lies in `folder`; runs in a child process."""
    clear_singletons()  # the voice, which the fork server has ready for narrations
    return make_video_engine(name, settings).render(
        decode(Script, (folder / "script.json").read_bytes()),
        decode(Narration, (folder / "narration.json").read_bytes()),
        folder / "narration.m4a",
        folder / "out",
    )
