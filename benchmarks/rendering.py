"""A rendering in a child process, and the memory it took."""

from __future__ import annotations

import resource
from pathlib import Path

import psutil

from transforms.model import Narration, Script
from transforms.process.singletons import clear_singletons
from transforms.video.engines.slide_renderer import SlideRenderer
from transforms.video.engines.video_engine import VideoSettings


def ours(
    script: Script, narration: Narration, audio: Path, settings: VideoSettings, out: Path
) -> tuple[float, float]:
    """Render all there is, as the video stage does; runs in a child process.

    Returns:
        The most memory that was in use, MB, and what was there from the beginning: the libraries
        that the fork server loaded, whose pages all children share.
    """
    clear_singletons()
    before = psutil.Process().memory_info().rss / 2**20
    SlideRenderer(settings).render(script, narration, audio, out)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, before
