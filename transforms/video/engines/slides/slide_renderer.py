"""The slide renderer, which draws and encodes a lesson's slides only where they change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from transforms.errors import PermanentError
from transforms.model import Narration, Script, Video
from transforms.process.fingerprints import fingerprint
from transforms.process.source_digests import source_digests
from transforms.text.pace import pace_for
from transforms.video.draw import fonts
from transforms.video.draw.logo import logo_digest
from transforms.video.encode import encoder
from transforms.video.encode.encoder import Segment, encode
from transforms.video.encode.mux import audio_seconds, write_mp4
from transforms.video.encode.planes import Plane
from transforms.video.encode.segment_cache import SegmentCache, default_folder
from transforms.video.encode.skip_frames import constant_rate
from transforms.video.engines.video_engine import VideoSettings
from transforms.video.plan.caption_files import srt, webvtt
from transforms.video.plan.captions import burn_in_captions, chapter_cues, cues
from transforms.video.plan.storyboard import Shot, Storyboard, plan
from transforms.video.plan.timeline import FPS
from transforms.video.slides.composer import pictures
from transforms.video.slides.thumbnail import write_thumbnail

VERSION = 7
"""Increased when the same lesson is rendered differently; part of every fingerprint."""
_DRAWING = ("transforms.video.slides.composer", "transforms.video.encode.encoder")
"""Modules that make a segment; a change to them, or to what they import, draws it again."""
TOLERANCE = 0.5
"""Seconds by which audio and timings may differ: an AAC encoder pads both ends."""


@dataclass(frozen=True)
class Take:
    """Everything besides the engine that shapes a shot's segment; equal takes give equal bytes.

    Attributes:
        shot: counted from frame 0, so that it is the same wherever it stands in a lesson.
        sections: number of sections of the lesson.
    """

    shot: Shot
    sections: int
    width: int
    height: int


class SlideRenderer:
    """Renders lessons as slides.

    Args:
        settings: size, look, captions and cache.

    Raises:
        ValueError: a size that H.264 cannot have with subsampled colour.
    """

    name = "slides"

    def __init__(self, settings: VideoSettings) -> None:
        if settings.width % 2 or settings.height % 2:
            raise ValueError(f"{settings.width}x{settings.height}: width and height must be even")
        self._settings = settings
        self._cache: SegmentCache | None = None
        if settings.cache_bytes:
            self._cache = SegmentCache(
                Path(settings.cache) if settings.cache else default_folder(), settings.cache_bytes
            )
        self._drawing: Mapping[str, str | int | float | None] = {
            "version": VERSION,
            "width": settings.width,
            "height": settings.height,
            "fps": FPS,
            "logo": logo_digest(settings.look.logo) if settings.look.logo is not None else None,
            "preset": encoder.PRESET,
            "qp": encoder.QP,
            "av": version("av"),
            "pillow": version("pillow"),
            "numpy": version("numpy"),
            "budoux": version("budoux"),
            **fonts.versions(),
        }

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return everything that shapes the picture; equal identities render the same bytes."""
        return {
            **self._drawing,
            "constant_frame_rate": self._settings.constant_frame_rate,
            "theme": self._settings.look.theme,
            "intro": self._settings.intro,
            "burn_captions": self._settings.burn_captions,
            "time_words": self._settings.time_words,
        }

    def check(self) -> str:
        """Return the size of the pictures; codecs and fonts are checked for every engine."""
        return f"{self.name} at {self._settings.width}x{self._settings.height}"

    def render(self, script: Script, narration: Narration, audio: Path, out: Path) -> Video:
        """Render the `ARTIFACTS` into the folder `out`.

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
        board = plan(script, narration, seconds, self._settings.look, self._settings.intro)
        captions = cues(
            narration.sentences,
            board.frames / FPS,
            language=script.language,
            reading_speed=pace_for(script.grade_level).caption_speed,
        )
        if self._settings.burn_captions:
            board = burn_in_captions(board, captions)
        width, height = self._settings.width, self._settings.height
        write_mp4(
            out / "video.mp4",
            self._segments(board),
            audio,
            width=width,
            height=height,
            title=board.title,
            language=script.language,
            cues=captions,
            chapters=board.chapters,
        )
        language, words = script.language, self._settings.time_words
        files = {
            "captions.vtt": webvtt(captions, language, words=words),
            "captions.srt": srt(captions, language),
            "chapters.vtt": webvtt(chapter_cues(board), language),
        }
        for name, content in files.items():
            (out / name).write_text(content, encoding="utf-8")
        thumbnail = write_thumbnail(out, board)
        return Video(board.frames / FPS, width, height, board.frames, thumbnail)

    def _segments(self, board: Storyboard) -> list[Segment]:
        """Encode every shot in threads; drawing and encoding release the interpreter lock."""
        with ThreadPoolExecutor(self._settings.workers) as pool:
            return list(pool.map(self._segment, _takes(board, self._settings), board.shots))

    def _segment(self, take: Take, shot: Shot) -> Segment:
        segment = self._cached(take)
        # The last picture stands until the next shot begins.
        segment = replace(segment, length=shot.length)
        if self._settings.constant_frame_rate:
            return constant_rate(segment, take.width, take.height)
        return segment

    def pictures(self, take: Take) -> Iterator[tuple[int, Plane]]:
        """Yield every picture of a shot that differs from the one before it, from frame 0 on.

        The buffer is reused: consume it before requesting the next one.
        """
        shot = take.shot
        return pictures(shot, take.sections, take.width, take.height, clears=shot.clears)

    def _encoded(self, take: Take) -> Segment:
        return encode(self.pictures(take), take.shot.length, take.width, take.height)

    def _cached(self, take: Take) -> Segment:
        if self._cache is None:
            return self._encoded(take)
        code = source_digests(*_DRAWING)
        key = fingerprint({"engine": {**self._drawing, **code}, "take": asdict(take)})
        segment = self._cache.get(key)
        if segment is None:
            segment = self._encoded(take)
            self._cache.put(key, segment)
        return segment


def _takes(board: Storyboard, settings: VideoSettings) -> list[Take]:
    return [
        Take(
            replace(shot, start=0, length=shot.length - shot.still, still=0),
            board.sections,
            settings.width,
            settings.height,
        )
        for shot in board.shots
    ]
