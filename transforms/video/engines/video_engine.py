"""The interface (port) that video engines implement, and the settings that all of them get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from transforms.model import Narration, Script, Video
from transforms.video.plan.pages import PLAIN, Look

ARTIFACTS = (
    *("video.mp4", "captions.vtt", "captions.srt", "chapters.vtt"),
    *("thumbnail.jpg", "thumbnail.webp"),
)
"""Files that every engine writes."""


@dataclass(frozen=True)
class VideoSettings:
    """Settings that every video engine gets.

    Attributes:
        width: pixels, even.
        height: pixels, even.
        workers: scenes rendered in parallel.
        constant_frame_rate: write a frame for every tick of the clock, for players that need one.
        cache: folder of rendered scenes, kept for reuse; None for a folder of this user in the
            temporary directory.
        cache_bytes: size limit of the cache; 0 for no cache.
        look: theme and logo.
        intro: words of an opening card; None for no such card.
        burn_captions: draw the captions into the picture as well as into the track.
        time_words: write the time of each word into ``captions.vtt``.
    """

    width: int = 1280
    height: int = 720
    workers: int = 1
    constant_frame_rate: bool = False
    cache: str | None = None
    cache_bytes: int = 0
    look: Look = PLAIN
    intro: str | None = None
    burn_captions: bool = False
    time_words: bool = False


class VideoEngine(Protocol):
    """Renders lessons. Runs in a child process that is killed when its time is up."""

    name: str

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return everything that shapes the picture: version, size, versions of libraries."""
        ...

    def check(self) -> str:
        """Verify that the engine can render, and return what was found.

        Raises:
            ContentError: it cannot.
        """
        ...

    def render(self, script: Script, narration: Narration, audio: Path, out: Path) -> Video:
        """Render the `ARTIFACTS` into the folder `out`.

        Args:
            script: the words and visuals.
            narration: their timing in `audio`.
            audio: the narration, AAC in an MP4 container; its stream is copied as it is.
            out: an existing, empty folder.

        Raises:
            PermanentError: this lesson cannot be rendered.
        """
        ...
