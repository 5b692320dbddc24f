"""Contract of all video engines: files play, seek exactly, and are reproducible."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.unit.video.lessons import (
    ASKING,
    HOSTILE,
    LESSON,
    RATE,
    VISUALS,
    WORDS,
    lesson_of,
    narrate,
    write_tone,
)
from transforms.errors import PermanentError
from transforms.model import THINKING, Narration, Script, Video
from transforms.video.encode.mp4_boxes import boxes, descend
from transforms.video.engines.moviepy.moviepy_engine import MoviePyRenderer
from transforms.video.engines.slides.slide_renderer import SlideRenderer
from transforms.video.engines.video_engine import ARTIFACTS, VideoEngine, VideoSettings
from transforms.video.plan.pages import Look

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


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Callable[[VideoSettings], VideoEngine]:
    return ENGINES[request.param]


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


@pytest.fixture(scope="module")
def lesson(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path_factory: pytest.TempPathFactory
) -> Rendered:
    settings = VideoSettings(workers=2)
    return render(engine, tmp_path_factory.mktemp("lesson"), settings=settings)


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


def test_question_and_answer_share_a_chapter(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    found = render(engine, tmp_path, ASKING)
    check_plays(found)
    chapters = webvtt(found.folder / "chapters.vtt")
    asked, answered = found.narration.sections[-2:]
    assert chapters[-1][2] == "Quick check"
    assert chapters[-1][0] == pytest.approx(asked[0], abs=1 / FPS)
    assert chapters[-1][1] == pytest.approx(found.video.duration, abs=1 / FPS)
    heard = [s for s in found.narration.sentences if s.section == len(found.narration.sections) - 2]
    assert answered[0] - heard[-1].end >= THINKING
    with av.open(str(found.mp4)) as source:
        shown = {
            float(frame.pts * frame.time_base): frame.to_ndarray()
            for frame in source.decode(video=0)
        }
    before, after = (
        shown[max(time for time in shown if time <= answered[0] + step / FPS)][20:120].astype(int)
        for step in (-2, 1)
    )
    assert (np.abs(before - after) > 24).mean() < 0.001


def test_look_changes_picture_and_identity(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    logo = tmp_path / "logo.png"
    Image.new("RGBA", (400, 100), (255, 0, 0, 255)).save(logo)
    plain = VideoSettings(640, 360)
    changed = [
        replace(plain, look=Look("dark")),
        replace(plain, look=Look("auto", str(logo))),
        replace(plain, intro="A school"),
    ]
    identities = [dict(engine(settings).identity) for settings in (plain, *changed)]
    assert all(a != b for a, b in combinations(identities, 2))
    settings = replace(plain, look=Look("light", str(logo)), intro="A school")
    found = render(engine, tmp_path, replace(LESSON, scenes=LESSON.scenes[:1]), settings)
    with av.open(str(found.mp4)) as source:
        frame = next(source.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert frame[-10, 10].min() > 230
    corner = frame[325:343, 510:590]
    assert (corner[..., 0] - corner[..., 1] > 120).mean() > 0.9


def test_burned_captions_are_in_the_picture(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    settings = VideoSettings(640, 360, burn_captions=True, time_words=True)
    found = render(engine, tmp_path, replace(LESSON, scenes=()), settings)
    first = found.narration.sentences[0]
    with av.open(str(found.mp4)) as source:
        shown = {
            float(frame.pts * frame.time_base): frame.to_ndarray(format="rgb24")[310:348, 200:440]
            for frame in source.decode(video=0)
        }

    def letters(at: float) -> float:
        return float((shown[max(time for time in shown if time <= at)] > 220).mean())

    assert letters(first.start + 0.3) > 0.02
    assert letters(found.video.duration - 0.1) == 0
    assert packets(found.mp4, "subtitle")
    assert "<00:" in (found.folder / "captions.vtt").read_text(encoding="utf-8")
    for change in ({"burn_captions": True}, {"time_words": True}):
        assert engine(replace(SMALL, **change)).identity != engine(SMALL).identity  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_invalid_logo_is_refused(
    engine: Callable[[VideoSettings], VideoEngine], content: bytes, tmp_path: Path
) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(content)
    with pytest.raises(PermanentError, match=r"logo\.png"):
        engine(VideoSettings(look=Look(logo=str(logo))))


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


def test_constant_frame_rate_shows_same_pictures(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    found = []
    for name, settings in (
        ("variable", SMALL),
        ("constant", replace(SMALL, constant_frame_rate=True)),
    ):
        (tmp_path / name).mkdir()
        found.append(render(engine, tmp_path / name, settings=settings))
    variable, constant = found
    times = [packet.pts * packet.time_base * FPS for packet in packets(constant.mp4, "video")]
    assert times == list(range(constant.video.frames))
    assert constant.video == variable.video
    assert all(min(steps[:-1]) > 0 for steps in time_steps(constant.mp4).values())
    assert constant.mp4.stat().st_size < 1.5 * variable.mp4.stat().st_size
    with av.open(str(constant.mp4)) as dense, av.open(str(variable.mp4)) as sparse:
        pending = deque(sparse.decode(video=0))
        standing = pending[0].to_ndarray()
        for frame in dense.decode(video=0):
            if pending and pending[0].time <= frame.time:
                standing = pending.popleft().to_ndarray()
            assert np.array_equal(frame.to_ndarray(), standing)
    assert not pending


def test_identity_depends_on_size(
    engine: Callable[[VideoSettings], VideoEngine],
) -> None:
    small, large = engine(VideoSettings()), engine(VideoSettings(1920, 1080))
    assert small.identity != large.identity
    assert small.identity != engine(VideoSettings(constant_frame_rate=True)).identity
    assert json.loads(json.dumps(dict(small.identity))) == dict(small.identity)
    assert {"av", "pillow", "version"} <= small.identity.keys()


def test_full_hd_video_has_full_size(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    settings = VideoSettings(1920, 1080, workers=2)
    script = replace(lesson_of("Force"), scenes=())
    found = render(engine, tmp_path, script, settings)
    assert (found.video.width, found.video.height) == (1920, 1080)
    with av.open(str(found.mp4)) as source:
        frame = next(source.decode(video=0))
        assert (frame.width, frame.height) == (1920, 1080)


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


def check_plays(found: Rendered) -> None:
    """Assert that a video can be decoded completely and shows more than a background."""
    with av.open(str(found.mp4)) as source:
        last = None
        for last in source.decode(video=0):
            assert last.to_ndarray()[: last.height].std() > 1
        assert last is not None
        assert float(last.pts * last.time_base) < found.video.duration
    captions = webvtt(found.folder / "captions.vtt")
    assert [text for *_, text in caption_track(found.mp4)] == [text for *_, text in captions]
    for start, end, text in captions:
        assert 0 <= start < end <= found.video.duration + 0.001
        assert text.strip()


@pytest.mark.parametrize("language", WORDS)
def test_every_writing_system_is_rendered(
    engine: Callable[[VideoSettings], VideoEngine], language: str, tmp_path: Path
) -> None:
    check_plays(render(engine, tmp_path, lesson_of(WORDS[language], language)))


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_text_is_rendered(
    engine: Callable[[VideoSettings], VideoEngine], case: str, tmp_path: Path
) -> None:
    script = lesson_of(HOSTILE[case])
    spoken = (HOSTILE[case][:300],)  # the whole text is shown; speaking it would take minutes
    check_plays(render(engine, tmp_path, replace(script, key_takeaways=spoken)))


def test_every_kind_of_visual_is_shown(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path: Path
) -> None:
    (scene,) = lesson_of("Force").scenes
    scenes = tuple(replace(scene, visual=visual) for visual in VISUALS)
    check_plays(render(engine, tmp_path, replace(lesson_of("Force"), scenes=scenes)))


@pytest.mark.parametrize("subject", ["biology", "", "an unknown subject", "<script>"])
def test_any_subject_has_a_theme(
    engine: Callable[[VideoSettings], VideoEngine], subject: str, tmp_path: Path
) -> None:
    check_plays(render(engine, tmp_path, replace(lesson_of("Force"), subject=subject)))


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


@pytest.mark.parametrize("size", [(1281, 720), (1280, 721)])
def test_odd_sizes_are_refused(
    engine: Callable[[VideoSettings], VideoEngine], size: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match="even"):
        engine(VideoSettings(*size))
