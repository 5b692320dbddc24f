"""A rendered lesson plays in browsers, seeks exactly and has its captions."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.contract.video_engines.support import (
    FPS,
    SMALL,
    Rendered,
    caption_track,
    packets,
    seconds,
    time_steps,
    webvtt,
)
from tests.unit.video.lessons import LESSON, RATE, write_tone
from transforms.errors import PermanentError
from transforms.model import Video
from transforms.video.encode.mp4_boxes import boxes, descend
from transforms.video.engines.video_engine import ARTIFACTS, VideoEngine, VideoSettings


def test_engine_writes_exactly_its_artifacts(lesson: Rendered) -> None:
    assert {path.name for path in lesson.folder.iterdir()} == {*ARTIFACTS}


def test_picture_is_h264_for_browsers(lesson: Rendered) -> None:
    with av.open(str(lesson.mp4)) as source:
        stream = source.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.width, context.height) == (1280, 720)
        assert stream.time_base.denominator % FPS == 0
        frame = next(source.decode(stream))
        tags = (frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc)
        assert tags == (1, 1, 1, 1)  # limited range, BT.709
        assert source.metadata["title"] == LESSON.title


def test_returned_video_facts_match_file(lesson: Rendered) -> None:
    with av.open(str(lesson.mp4)) as source:
        stream = source.streams.video[0]
        duration = float(stream.duration * stream.time_base)
    assert replace(lesson.video, alt="") == Video(duration, 1280, 720, round(duration * FPS))


def test_sound_and_picture_end_together(lesson: Rendered) -> None:
    with av.open(str(lesson.mp4)) as source:
        video, audio = source.streams.video[0], source.streams.audio[0]
        ends = [float(stream.duration * stream.time_base) for stream in (video, audio)]
        assert video.start_time == 0
        assert audio.start_time == 0
    assert abs(ends[0] - ends[1]) <= 1 / FPS
    assert abs(ends[0] - lesson.narration.duration) <= 2 / FPS


def test_narration_stream_is_copied(lesson: Rendered) -> None:
    theirs, ours = packets(lesson.audio, "audio"), packets(lesson.mp4, "audio")
    assert [bytes(packet) for packet in ours] == [bytes(packet) for packet in theirs]
    assert [packet.pts for packet in ours] == [packet.pts for packet in theirs]
    with av.open(str(lesson.mp4)) as source:
        assert source.streams.audio[0].codec_context.name == "aac"
        assert source.streams.audio[0].rate == RATE


def test_speech_keeps_its_position(lesson: Rendered) -> None:
    sound = []
    with av.open(str(lesson.mp4)) as source:
        for frame in source.decode(audio=0):
            sound.append(frame.to_ndarray()[0])
    level = np.abs(np.concatenate(sound))
    for sentence in lesson.narration.sentences:
        loud = level[round(sentence.start * RATE) + 1200 : round(sentence.end * RATE) - 1200]
        quiet = level[round(sentence.start * RATE) - 3600 : round(sentence.start * RATE) - 1200]
        assert loud.mean() > 0.05
        assert quiet.mean() < 0.01


def test_timestamps_lie_on_frame_grid(lesson: Rendered) -> None:
    times = [packet.pts * packet.time_base * FPS for packet in packets(lesson.mp4, "video")]
    assert times[0] == 0
    assert all(time.denominator == 1 for time in times)
    assert all(a < b for a, b in pairwise(times))
    found = packets(lesson.mp4, "video")
    assert all(packet.pts == packet.dts for packet in found)
    assert all(a.pts + a.duration == b.pts for a, b in pairwise(found))


def test_key_frames_are_at_most_four_seconds_apart(lesson: Rendered) -> None:
    keys = [
        float(packet.pts * packet.time_base)
        for packet in packets(lesson.mp4, "video")
        if packet.is_keyframe
    ]
    assert keys[0] == 0
    assert all(b - a <= 4 for a, b in pairwise([*keys, lesson.video.duration]))


def test_file_can_be_played_while_loading(lesson: Rendered) -> None:
    order = [kind for kind, _, _ in boxes(lesson.mp4.read_bytes())]
    assert order[0] == "ftyp"
    assert order.index("moov") < order.index("mdat")


def test_chapter_starts_with_key_frame(lesson: Rendered) -> None:
    headings = [section.heading for section in LESSON.sections()]
    with av.open(str(lesson.mp4)) as source:
        chapters = source.chapters()
        stream = source.streams.video[0]
        assert [chapter["metadata"]["title"] for chapter in chapters] == headings
        keys = {
            packet.pts * packet.time_base
            for packet in packets(lesson.mp4, "video")
            if packet.is_keyframe
        }
        pictures = []
        for chapter, (begin, _) in zip(chapters, lesson.narration.sections, strict=True):
            start = chapter["start"] * chapter["time_base"]
            assert abs(start - begin) <= 1 / FPS
            shown = max(key for key in keys if key <= start)
            assert start - shown < 0.001
            source.seek(round(start / stream.time_base), stream=stream)
            picture = next(source.decode(stream))
            assert picture.pts * stream.time_base == shown
            pictures.append(picture.to_ndarray())
    assert all((a != b).any() for a, b in pairwise(pictures))


def test_captions_are_timed_by_narration(lesson: Rendered) -> None:
    found = webvtt(lesson.folder / "captions.vtt")
    said = " ".join(text.replace("\n", " ") for _, _, text in found)
    assert said == " ".join(sentence.text for sentence in lesson.narration.sentences)
    starts = [start for start, _, _ in found]
    for sentence in lesson.narration.sentences:
        assert min(abs(start - sentence.start) for start in starts) <= 0.1
    assert all(end <= lesson.video.duration + 0.001 for _, end, _ in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    for _, _, text in found:
        assert text.count("\n") <= 1
        assert max(map(len, text.split("\n"))) <= 42


def test_srt_has_same_captions_as_webvtt(lesson: Rendered) -> None:
    found = (lesson.folder / "captions.srt").read_text(encoding="utf-8").strip().split("\n\n")
    lines = [block.split("\n", 2) for block in found]
    times = [line[1].replace(",", ".").split(" --> ") for line in lines]
    assert [
        (seconds(start), seconds(end), text)
        for (start, end), (_, _, text) in zip(times, lines, strict=True)
    ] == webvtt(lesson.folder / "captions.vtt")


def test_video_holds_caption_track(lesson: Rendered) -> None:
    found = caption_track(lesson.mp4)
    expected = webvtt(lesson.folder / "captions.vtt")
    assert [text for _, _, text in found] == [text for _, _, text in expected]
    times = np.array([times[:2] for times in found]) - [times[:2] for times in expected]
    assert np.abs(times).max() <= 0.0015
    with av.open(str(lesson.mp4)) as source:
        (track,) = source.streams.subtitles
        assert track.codec_context.name == "mov_text"
        assert track.metadata["language"] == "eng"


def test_every_sample_but_the_last_has_duration(lesson: Rendered) -> None:
    tracks = time_steps(lesson.mp4)
    assert tracks.keys() == {"vide", "soun", "sbtl", "text"}
    assert all(min(steps[:-1]) > 0 for steps in tracks.values())


def test_every_track_names_its_language(lesson: Rendered) -> None:
    data = lesson.mp4.read_bytes()
    headers = descend(data, "moov/trak/mdia/mdhd")
    english = [5, 14, 7]  # "eng", each letter in five bits
    (words,) = {data[at + 20 : at + 22] for at, _ in headers}
    (packed,) = struct.unpack(">H", words)
    assert [packed >> shift & 31 for shift in (10, 5, 0)] == english
    assert len(headers) == 4


def test_chapters_file_matches_video(lesson: Rendered) -> None:
    with av.open(str(lesson.mp4)) as source:
        inside = [
            (float(c["start"] * c["time_base"]), float(c["end"] * c["time_base"]))
            for c in source.chapters()
        ]
    found = webvtt(lesson.folder / "chapters.vtt")
    assert [text for _, _, text in found] == [section.heading for section in LESSON.sections()]
    assert np.abs(np.array([times[:2] for times in found]) - inside).max() <= 0.0015


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_thumbnail_is_not_blank(lesson: Rendered, kind: str) -> None:
    name = {"JPEG": "thumbnail.jpg", "WEBP": "thumbnail.webp"}[kind]
    with Image.open(lesson.folder / name) as picture:
        assert (picture.format, picture.mode, picture.size) == (kind, "RGB", (1280, 720))
        assert np.asarray(picture).std() > 10
    assert LESSON.title in lesson.video.alt


def test_number_of_workers_does_not_change_bytes(
    lesson: Rendered, engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    alone = engine(VideoSettings(workers=1))
    alone.render(LESSON, lesson.narration, lesson.audio, out)
    for path in lesson.folder.iterdir():
        assert path.read_bytes() == (out / path.name).read_bytes(), path.name
    assert alone.identity == engine(VideoSettings(workers=2)).identity


def test_ffprobe_agrees_where_installed(lesson: Rendered) -> None:
    for ffprobe in filter(None, [shutil.which("ffprobe")]):
        probed = subprocess.run(
            [ffprobe, "-v", "error", "-show_streams", "-of", "json", lesson.mp4],
            capture_output=True,
            check=True,
            text=True,
        )
        assert probed.stderr == ""
        video, audio, captions, *_ = json.loads(probed.stdout)["streams"]
        assert (video["codec_name"], video["profile"]) == ("h264", "High")
        assert {video[f"color_{tag}"] for tag in ("space", "transfer", "primaries")} == {"bt709"}
        assert video["color_range"] == "tv"
        assert video["r_frame_rate"] == "30/1"
        assert (audio["codec_name"], captions["codec_name"]) == ("aac", "mov_text")


def test_file_that_is_not_audio_is_refused(
    engine: Callable[[VideoSettings], VideoEngine], lesson: Rendered, tmp_path: Path
) -> None:
    audio = tmp_path / "narration.m4a"
    audio.write_bytes(b"not audio at all")
    with pytest.raises(PermanentError, match=r"narration\.m4a"):
        engine(SMALL).render(LESSON, lesson.narration, audio, tmp_path)


def test_timings_of_another_narration_are_refused(
    engine: Callable[[VideoSettings], VideoEngine], lesson: Rendered, tmp_path: Path
) -> None:
    audio = tmp_path / "narration.m4a"
    write_tone(audio, 5.0)
    with pytest.raises(PermanentError, match="lasts 5"):
        engine(SMALL).render(LESSON, lesson.narration, audio, tmp_path)


def test_timings_of_another_script_are_refused(
    engine: Callable[[VideoSettings], VideoEngine], lesson: Rendered, tmp_path: Path
) -> None:
    other = replace(LESSON, scenes=LESSON.scenes[:1])
    with pytest.raises(PermanentError, match="sections"):
        engine(SMALL).render(other, lesson.narration, lesson.audio, tmp_path)
