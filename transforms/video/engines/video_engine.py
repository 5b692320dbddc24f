"""The port between the video stage and whatever renders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from transforms.model import Narration, Script, Video
from transforms.video.plan.pages import PLAIN, Look

ARTIFACTS = ("video.mp4", "captions.vtt", "chapters.vtt", "thumbnail.jpg", "thumbnail.webp")
"""The files that every engine leaves."""


@dataclass(frozen=True)
class VideoSettings:
    """What a caller may choose about the picture.

    Attributes:
        width: pixels, even.
        height: pixels, even.
        workers: scenes rendered side by side.
        constant_frame_rate: write frames that stand still, too, for players that ask for it.
        cache: folder of rendered scenes, kept for reuse; one of this user's in the temporary
            directory when not given.
        cache_bytes: how much is kept there; 0: nothing.
        look: what all slides share.
        intro: words of an opening card; None for no such card.
        burn_captions: draw the captions into the picture, besides the track.
        time_words: say in ``captions.vtt`` when each word is spoken.
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
    """Renders lessons. Called in a process of its own, so it may be killed at any time."""

    name: str

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Everything of the engine that shapes the picture (version, size, library versions…)."""
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
