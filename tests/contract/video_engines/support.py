"""Renderings of lessons by every video engine, and readers of their files."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import av

from tests.unit.video.lessons import LESSON, narrate
from transforms.model import Narration, Script, Video
from transforms.video.encode.mp4_boxes import descend
from transforms.video.engines.moviepy.moviepy_engine import MoviePyRenderer
from transforms.video.engines.slides.slide_renderer import SlideRenderer
from transforms.video.engines.video_engine import VideoEngine, VideoSettings

FPS = 30
ENGINES: Mapping[str, Callable[[VideoSettings], VideoEngine]] = {
    "slides": SlideRenderer,
    "moviepy": MoviePyRenderer,
}
SMALL = VideoSettings(320, 180)


@dataclass(frozen=True)
class Rendered:
    """A rendered lesson and its inputs."""

    video: Video
    folder: Path
    audio: Path
    narration: Narration

    @property
    def mp4(self) -> Path:
        return self.folder / "video.mp4"


def render(
    make: Callable[[VideoSettings], VideoEngine],
    folder: Path,
    script: Script = LESSON,
    settings: VideoSettings = SMALL,
) -> Rendered:
    out = folder / "out"
    out.mkdir()
    audio = folder / "narration.m4a"
    narration = narrate(script, audio)
    return Rendered(make(settings).render(script, narration, audio, out), out, audio, narration)


def packets(path: Path, kind: str) -> list[av.Packet]:
    with av.open(str(path)) as source:
        stream = next(stream for stream in source.streams if stream.type == kind)
        return [packet for packet in source.demux(stream) if packet.dts is not None]


def time_steps(path: Path) -> dict[str, list[int]]:
    """Return the duration of each sample of each track, by the code of its handler."""
    data = path.read_bytes()
    found = {}
    for start, end in descend(data, "moov/trak/mdia"):
        ((handler, _),) = descend(data, "hdlr", start, end)
        ((table, _),) = descend(data, "minf/stbl/stts", start, end)
        (entries,) = struct.unpack_from(">I", data, table + 4)
        steps: list[int] = []
        for entry in range(entries):
            count, step = struct.unpack_from(">II", data, table + 8 + 8 * entry)
            steps += [step] * count
        found[data[handler + 8 : handler + 12].decode()] = steps
    return found


def seconds(clock: str) -> float:
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def webvtt(path: Path) -> list[tuple[float, float, str]]:
    head, *blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
    assert head == "WEBVTT"
    found = []
    for block in blocks:
        _, times, *lines = block.split("\n")
        start, end = re.fullmatch(r"(\S+) --> (\S+)", times).groups()  # type: ignore[union-attr]
        text = "\n".join(lines)
        for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            text = text.replace(entity, char)
        found.append((seconds(start), seconds(end), text))
    return found


def caption_track(path: Path) -> list[tuple[float, float, str]]:
    found = []
    for packet in packets(path, "subtitle"):
        data = bytes(packet)
        text = data[2 : 2 + struct.unpack(">H", data[:2])[0]].decode()
        if text:
            start = float(packet.pts * packet.time_base)
            found.append((start, start + float(packet.duration * packet.time_base), text))
    return found
