"""Render a lesson in a child process and measure its memory use."""

from __future__ import annotations

import resource
from pathlib import Path

import psutil

from transforms.model import Narration, Script
from transforms.process.singletons import clear_singletons
from transforms.video.engines.slides.slide_renderer import SlideRenderer
from transforms.video.engines.video_engine import VideoSettings


def render_in_child(
    script: Script, narration: Narration, audio: Path, settings: VideoSettings, out: Path
) -> tuple[float, float]:
    """Render a lesson as the video stage does; runs in a child process.

    Returns:
        Peak memory in MB, and the memory at the start: libraries that the fork server loaded, whose
        pages all children share.
    """
    clear_singletons()
    before = psutil.Process().memory_info().rss / 2**20
    SlideRenderer(settings).render(script, narration, audio, out)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, before
