"""Tests of the file format of narrations."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.unit.narration.m4a_reader import read_m4a
from tests.unit.narration.voices import buzz
from transforms.narration.m4a import FRAME, write_m4a
from transforms.narration.mastering import RATE, Samples


@pytest.fixture
def sound() -> Samples:
    return np.concatenate([buzz(0.5, RATE), np.zeros(FRAME * 20, np.float32), buzz(1.5, RATE)])[
        : FRAME * 100
    ]


def test_file_is_streamable_mono_aac_lc(tmp_path: Path, sound: Samples) -> None:
    path = tmp_path / "narration.m4a"
    write_m4a(path, sound, title="Forces", language="en-US")
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "aac"
        assert stream.codec_context.profile == "LC"
        assert (stream.codec_context.sample_rate, stream.codec_context.layout.name) == (
            RATE, "mono",
        )  # fmt: skip
        assert "mp4" in container.format.name
        assert container.metadata["major_brand"] == "M4A "
        assert container.metadata["title"] == "Forces"
        assert stream.metadata["language"] == "eng"
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert len(data) * 8 / (len(sound) / RATE) < 110_000


@pytest.mark.parametrize("frames", [1, 2, 47, 100])
def test_file_lasts_as_long_as_its_samples(tmp_path: Path, sound: Samples, frames: int) -> None:
    path = tmp_path / "narration.m4a"
    cut = sound[: frames * FRAME]
    write_m4a(path, cut, title="Forces", language="en-US")
    assert len(read_m4a(path)) == len(cut)
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert stream.start_time == 0
        assert stream.duration * stream.time_base == pytest.approx(len(cut) / RATE, abs=1 / RATE)
        assert container.duration / av.time_base == pytest.approx(len(cut) / RATE, abs=1e-5)


def test_decoded_sound_matches_samples_in_place(tmp_path: Path, sound: Samples) -> None:
    path = tmp_path / "narration.m4a"
    write_m4a(path, sound, title="Forces", language="en-US")
    heard = read_m4a(path)
    noise = np.mean((heard - sound) ** 2)
    assert 10 * np.log10(np.mean(sound**2) / noise) > 25


def test_same_samples_give_same_bytes(tmp_path: Path, sound: Samples) -> None:
    for name in ("one.m4a", "two.m4a"):
        write_m4a(tmp_path / name, sound, title="Forces", language="en-US")
    data = (tmp_path / "one.m4a").read_bytes()
    assert data == (tmp_path / "two.m4a").read_bytes()
    assert b"Lav" not in data


def test_existing_file_is_replaced(tmp_path: Path, sound: Samples) -> None:
    path = tmp_path / "narration.m4a"
    path.write_bytes(b"x" * 1_000_000)
    write_m4a(path, sound, title="Forces", language="en-US")
    assert len(read_m4a(path)) == len(sound)
