"""Tests of background music: levels, fades, repetition, choice of file and refusal."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.unit.narration.m4a_reader import read_m4a
from tests.unit.narration.voices import BuzzVoice, lesson
from transforms.errors import PermanentError
from transforms.model import Sentence
from transforms.narration.m4a import write_m4a
from transforms.narration.mastering import RATE, Samples, measure
from transforms.narration.music import (
    BETWEEN,
    UNDER_SPEECH,
    check,
    choose,
    digest,
    files,
    mix_music,
)
from transforms.narration.recording import record_narration
from transforms.narration.sound_settings import SoundSettings
from transforms.stage.direct_calls import DirectCalls


def tune(path: Path, seconds: float = 3.0, hertz: float = 440.0) -> Path:
    """Write a steady tone as music, so that its level shows the gain."""
    time = np.arange(round(seconds * RATE)) / RATE
    samples = (0.3 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)
    write_m4a(path, samples, title="Tone", language="und")
    return path


def level(samples: Samples, start: float, end: float) -> float:
    """Return the RMS level in decibels between two times in seconds."""
    cut = samples[round(start * RATE) : round(end * RATE)]
    return 10 * float(np.log10(np.mean(np.square(cut, dtype=np.float64)) + 1e-20))


def speech(seconds: float, *spoken: tuple[float, float]) -> tuple[Samples, list[Sentence]]:
    """Return samples with noise in the given spans, and a sentence for each span."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    for start, end in spoken:
        where = slice(round(start * RATE), round(end * RATE))
        samples[where] = np.random.default_rng(1).normal(0, 0.1, len(samples[where]))
    return samples, [Sentence("Words.", start, end, 0) for start, end in spoken]


def test_music_is_quieter_under_speech(tmp_path: Path) -> None:
    spoken, sentences = speech(30, (1, 10), (10.4, 14), (20, 27))
    mixed = spoken.copy()
    mix_music(mixed, sentences, tune(tmp_path / "tune.m4a", seconds=31))
    music = mixed - spoken
    under = [level(music, a, b) for a, b in ((3, 4), (10.1, 10.3), (12, 13), (22, 23))]
    between = level(music, 16, 16.8)
    assert under == pytest.approx([under[0]] * 4, abs=1.5)
    assert between - under[0] == pytest.approx(BETWEEN - UNDER_SPEECH, abs=1.5)
    assert level(spoken, 3, 4) - under[0] >= 20  # WCAG 2.2, 1.4.7
    assert level(music, 0, 0.02) < under[0] - 10
    assert level(music, 29.95, 30) < under[0] - 10


def test_short_music_repeats_without_clicks(tmp_path: Path) -> None:
    spoken, sentences = speech(12, (0.5, 1))
    mixed = spoken.copy()
    mix_music(mixed, sentences, tune(tmp_path / "tune.m4a", seconds=2.5))
    music = mixed - spoken
    assert all(level(music, start + 1, start + 1.5) > -60 for start in (2.5, 5, 7.5))
    steps = np.abs(np.diff(music))
    assert steps.max() <= 1.3 * 2 * np.pi * 440 / RATE * np.abs(music).max()


def test_music_changes_neither_loudness_nor_timing(tmp_path: Path) -> None:
    script = lesson("Plants grow. They need light.", hook="How do plants eat?")
    tune(tmp_path / "tune.m4a")
    found = []
    for sound in (SoundSettings(), SoundSettings(str(tmp_path / "tune.m4a"))):
        narration, _ = record_narration(
            script, BuzzVoice(), tmp_path, calls=DirectCalls(60), sound=sound
        )
        found.append((narration.sections, narration.sentences))
        assert measure(read_m4a(tmp_path / "narration.m4a")).loudness == pytest.approx(-16, abs=1)
    assert found[0] == found[1]


def test_lesson_chooses_a_file_of_the_folder(tmp_path: Path) -> None:
    for name in ("b.ogg", "a.mp3", "notes.txt", "c.WAV"):
        (tmp_path / name).write_bytes(name.encode())
    assert [file.name for file in files(str(tmp_path))] == ["a.mp3", "b.ogg", "c.WAV"]
    assert len({choose(str(tmp_path), f"lesson {n}") for n in range(40)}) == 3
    assert choose(str(tmp_path), "one") == choose(str(tmp_path), "one")
    before = digest(str(tmp_path))
    (tmp_path / "a.mp3").write_bytes(b"another")
    assert digest(str(tmp_path)) != before


PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile {sound}\n",
    "concat": "file '{sound}'\n",
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{sound}\n#EXT-X-ENDLIST\n",
    "HLS of a URL": "#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n",
    "DASH": '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{sound}</BaseURL></MPD>',
    "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=audio 9 RTP/AVP 0\n",
}


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".ogg"])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_playlist_named_like_sound_is_refused(kind: str, suffix: str, tmp_path: Path) -> None:
    sound = tune(tmp_path / "sound.m4a", seconds=0.5)
    (tmp_path / f"list{suffix}").write_text(PLAYLISTS[kind].format(sound=sound.name))
    with pytest.raises(PermanentError, match=f"list{suffix} cannot be decoded as music"):
        check(str(tmp_path / f"list{suffix}"))


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [(".wav", "pcm_s16le"), (".flac", "flac"), (".mp3", "mp3"), (".ogg", "libopus"),
     (".oga", "libopus"), (".opus", "libopus"), (".m4a", "aac")],
)  # fmt: skip
def test_every_format_of_music_is_read(suffix: str, codec: str, tmp_path: Path) -> None:
    file = tmp_path / f"tune{suffix}"
    with av.open(str(file), "w") as target:
        stream = target.add_stream(codec, rate=48_000)
        wave = (8000 * np.sin(np.arange(48_000) / 20)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave[None], "s16", "mono")
        frame.sample_rate = 48_000
        size = stream.frame_size or None
        resampler = av.AudioResampler(stream.format, stream.layout, 48_000, size)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            target.mux(stream.encode(part))
        target.mux(stream.encode(None))
    check(str(tmp_path))


def test_files_without_sound_are_refused(tmp_path: Path) -> None:
    spoken, sentences = speech(3, (0.5, 1))
    (tmp_path / "noise.mp3").write_bytes(b"not music at all")
    silence = np.zeros(RATE, np.float32)
    write_m4a(tmp_path / "silent.m4a", silence, title="Silence", language="und")
    with av.open(str(tmp_path / "words.mp4"), "w") as target:
        stream = target.add_stream("libx264", rate=30)
        stream.width = stream.height = 64
        picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
        target.mux(stream.encode(picture))
        target.mux(stream.encode(None))
    for name in ("noise.mp3", "silent.m4a", "words.mp4"):
        with pytest.raises(PermanentError, match=name):
            mix_music(spoken, sentences, tmp_path / name)
    with pytest.raises(PermanentError, match="no music"):
        files(str(tmp_path / "nowhere"))
