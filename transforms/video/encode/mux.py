"""MP4 muxing: segments joined, narration copied, captions and chapters embedded, index first."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from heapq import merge
from pathlib import Path

import av

from transforms.errors import PermanentError
from transforms.text.bidi import mark_direction
from transforms.text.language import iso_639_2
from transforms.video.encode.chapter_language import set_chapter_language
from transforms.video.encode.encoder import Segment, configure
from transforms.video.plan.captions import Cue
from transforms.video.plan.storyboard import Chapter
from transforms.video.plan.timeline import FPS

_VIDEO_TIME = Fraction(1, FPS)
_MILLISECONDS = 1000
_CHAPTER_TIME = Fraction(1, _MILLISECONDS)
_TEXT_RATE = 96_000
"""Ticks per second of the caption track: a multiple of a millisecond's, and at least the sound's.

FFmpeg compares the times of two tracks without conversion. If another track counts faster, it
takes a caption as over when it begins, and adds an empty sample of no duration after each.
"""
_TEXT_TIME = Fraction(1, _TEXT_RATE)
_ASS_HEADER = (
    "[Script Info]\r\nScriptType: v4.00+\r\n\r\n[V4+ Styles]\r\n"
    "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
    "Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, "
    "Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\r\n"
    "Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0\r\n"
    "\r\n[Events]\r\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\n"
)
"""Style header that FFmpeg requires before it writes a mov_text track."""

_TimedPacket = tuple[float, int, av.Packet]
"""Seconds, rank of the track among packets of the same time, packet."""


def audio_seconds(path: Path) -> float:
    """Return the length of a narration according to its container.

    Raises:
        PermanentError: it is not an MP4 file with an AAC stream of known length.
    """
    try:
        with av.open(str(path)) as source:
            stream = _aac_stream(source, path)
            if not stream.duration:
                raise PermanentError(f"{path.name} has no known length: narrate the script again")
            return float(stream.duration * stream.time_base)
    except av.FFmpegError as error:
        raise PermanentError(f"{path.name} cannot be read as audio: {error}") from error


def write_mp4(
    path: Path,
    segments: Sequence[Segment],
    audio: Path,
    *,
    width: int,
    height: int,
    title: str,
    language: str,
    cues: Sequence[Cue],
    chapters: Sequence[Chapter],
) -> None:
    """Write the video file of a lesson.

    Args:
        path: the file to write.
        segments: the shots in order.
        audio: the narration, AAC in MP4; its packets are copied unchanged.
        width: pixels.
        height: pixels.
        title: title for players.
        language: BCP-47 tag of narration and captions.
        cues: captions in order, without overlap.
        chapters: in order.

    Raises:
        PermanentError: `audio` has no AAC stream.
    """
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    code = iso_639_2(language)
    with (
        av.open(str(audio)) as source,
        av.open(str(path), "w", format="mp4", options=options) as target,
    ):
        target.metadata["title"] = title
        video = target.add_stream("libx264", rate=FPS)
        configure(video.codec_context, width, height)
        video.time_base = _VIDEO_TIME
        aac = _aac_stream(source, audio)
        sound = target.add_stream_from_template(aac)
        captions = target.add_stream("mov_text")
        captions.codec_context.subtitle_header = _ASS_HEADER.encode()
        captions.codec_context.time_base = captions.time_base = _TEXT_TIME
        for stream in (video, sound, captions):
            stream.metadata["language"] = code
        target.set_chapters(
            [
                {
                    "id": number,
                    "start": _milliseconds(chapter.start),
                    "end": _milliseconds(chapter.end),
                    "time_base": _CHAPTER_TIME,
                    "metadata": {"title": chapter.title},
                }
                for number, chapter in enumerate(chapters)
            ]
        )
        target.start_encoding()
        for _, _, packet in merge(
            _video_packets(video, segments),
            _audio_packets(sound, source, aac),
            _caption_packets(captions, cues, language),
            key=lambda timed: timed[:2],
        ):
            target.mux(packet)
    set_chapter_language(path, code)


def _milliseconds(frame: int) -> int:
    """Return the first millisecond of a frame, so that a chapter starts on its first picture."""
    return -(-frame * 1000 // FPS)


def _aac_stream(source: av.container.InputContainer, path: Path) -> av.AudioStream:
    if not source.streams.audio or source.streams.audio[0].codec_context.name != "aac":
        raise PermanentError(f"{path.name} has no AAC stream: narrate the script again")
    return source.streams.audio[0]


def _video_packets(stream: av.VideoStream, segments: Sequence[Segment]) -> Iterator[_TimedPacket]:
    start = 0
    for segment in segments:
        ends = [unit.frame for unit in segment.units[1:]] + [segment.length]
        for unit, end in zip(segment.units, ends, strict=True):
            packet = _packet(stream, unit.data, start + unit.frame, end - unit.frame, _VIDEO_TIME)
            packet.is_keyframe = unit.key
            yield packet.pts / FPS, 0, packet
        start += segment.length


def _audio_packets(
    stream: av.AudioStream, source: av.container.InputContainer, aac: av.AudioStream
) -> Iterator[_TimedPacket]:
    tick = float(aac.time_base)
    for packet in source.demux(aac):
        if packet.dts is not None:
            packet.stream = stream
            yield packet.dts * tick, 1, packet


def _caption_packets(
    stream: av.SubtitleStream, cues: Sequence[Cue], language: str
) -> Iterator[_TimedPacket]:
    """Yield caption samples (3GPP TS 26.245, 5.17); an empty sample fills each gap between cues."""
    at = 0
    for cue in cues:
        start, end = round(cue.start * 1000), round(cue.end * 1000)
        words = mark_direction(cue.text, language)
        for text, begin, stop in (("", at, start), (words, start, end)):
            if stop > begin:
                data = text.encode()
                sample = struct.pack(">H", len(data)) + data
                tick = _TEXT_RATE // _MILLISECONDS
                packet = _packet(stream, sample, begin * tick, (stop - begin) * tick, _TEXT_TIME)
                packet.is_keyframe = True
                yield begin / _MILLISECONDS, 2, packet
        at = end


def _packet(
    stream: av.stream.Stream, data: bytes, pts: int, duration: int, time_base: Fraction
) -> av.Packet:
    packet = av.Packet(data)
    packet.stream = stream
    packet.pts = packet.dts = pts
    packet.duration = duration
    packet.time_base = time_base
    return packet
