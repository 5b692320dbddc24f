"""The slide renderer: lessons as designed slides, drawn and encoded only where they change."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from transforms.errors import PermanentError
from transforms.model import Narration, Script, Video
from transforms.video import encoder, fonts
from transforms.video.captions import cues, webvtt
from transforms.video.composer import pictures
from transforms.video.encoder import Segment, encode
from transforms.video.engine import VideoSettings
from transforms.video.mux import audio_seconds, write_mp4
from transforms.video.storyboard import Storyboard, plan
from transforms.video.thumbnail import write_thumbnail
from transforms.video.timeline import FPS

VERSION = 1
"""Raised whenever the same lesson comes out differently; part of every fingerprint."""
TOLERANCE = 0.5
"""Seconds by which audio and timings may disagree, for what an AAC encoder adds at both ends."""


class SlideRenderer:
    """Renders lessons as slides.

    Args:
        settings: size of the picture, and how many shots are rendered side by side.

    Raises:
        ValueError: a size that H.264 cannot have with subsampled colour.
    """

    name = "slides"

    def __init__(self, settings: VideoSettings) -> None:
        if settings.width % 2 or settings.height % 2:
            raise ValueError(f"{settings.width}x{settings.height}: width and height must be even")
        self._settings = settings
        self._identity: Mapping[str, str | int | float | None] = {
            "version": VERSION,
            "width": settings.width,
            "height": settings.height,
            "fps": FPS,
            "preset": encoder.PRESET,
            "crf": encoder.CRF,
            "av": version("av"),
            "pillow": version("pillow"),
            "numpy": version("numpy"),
            **fonts.versions(),
        }

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Everything that shapes the picture; two equal identities render the same bytes."""
        return self._identity

    def render(self, script: Script, narration: Narration, audio: Path, out: Path) -> Video:
        """Render ``video.mp4``, ``captions.vtt`` and ``thumbnail.jpg`` into the folder `out`.

        Args:
            script: the words and visuals.
            narration: their timing in `audio`.
            audio: the narration, AAC in an MP4 container.
            out: an existing, empty folder.

        Raises:
            PermanentError: script, timings and audio do not belong together.
        """
        seconds = audio_seconds(audio)
        if len(narration.sections) != len(script.sections()):
            raise PermanentError(
                f"the narration times {len(narration.sections)} sections, "
                f"the script has {len(script.sections())}: narrate this script again"
            )
        if abs(seconds - narration.duration) > TOLERANCE:
            raise PermanentError(
                f"{audio.name} lasts {seconds:.2f} s, its timings {narration.duration:.2f} s: "
                "narrate this script again"
            )
        board = plan(script, narration, seconds)
        captions = cues(narration.sentences, board.frames / FPS)
        width, height = self._settings.width, self._settings.height
        write_mp4(
            out / "video.mp4",
            self._segments(board),
            audio,
            width=width,
            height=height,
            title=board.chapters[0].title,
            language=script.language,
            cues=captions,
            chapters=board.chapters,
        )
        (out / "captions.vtt").write_text(webvtt(captions), encoding="utf-8")
        write_thumbnail(out / "thumbnail.jpg", board.shots[0].page)
        return Video(board.frames / FPS, width, height, board.frames)

    def _segments(self, board: Storyboard) -> list[Segment]:
        """Every shot, encoded; drawing and encoding leave the interpreter lock to other threads."""
        width, height = self._settings.width, self._settings.height

        def render(index: int) -> Segment:
            shot = board.shots[index]
            clears = index + 1 < len(board.shots)
            drawn = pictures(shot, board.sections, width, height, clears=clears)
            return encode(drawn, shot.length, width, height)

        with ThreadPoolExecutor(self._settings.workers) as pool:
            return list(pool.map(render, range(len(board.shots))))
