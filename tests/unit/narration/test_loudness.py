"""Tests of loudness and true peak of narrations with an independent meter (ITU-R BS.1770-4)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.narration.m4a_reader import read_m4a
from tests.unit.narration.test_music import tune
from tests.unit.narration.voices import BuzzVoice, lesson
from transforms.narration.mastering import RATE, Samples
from transforms.narration.recording import record_narration
from transforms.narration.sound_settings import SoundSettings
from transforms.stage.direct_calls import DirectCalls

# Numerator and denominator of the two K-weighting filters at 48 kHz (annex 1, tables 1 and 2).
_FILTERS = (
    (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (1.0, -1.69065929318241, 0.73248077421585),
    ),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)
_BLOCK, _STEP = round(0.4 * RATE), round(0.1 * RATE)
SCRIPT = lesson(
    "Plants make sugar. They need light, water and air. What else is there to say?",
    "Leaves are green because of chlorophyll! Is that not clever?",
    hook="How do plants eat? Let us see.",
)


def loudness(samples: Samples) -> float:
    """Return the integrated loudness in LUFS of a mono recording at 48 kHz."""
    size = 1 << (len(samples) + RATE).bit_length()
    spectrum = np.fft.rfft(samples.astype(np.float64), size)
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    for above, below in _FILTERS:
        spectrum *= np.polyval(above[::-1], turn) / np.polyval(below[::-1], turn)
    weighted = np.fft.irfft(spectrum, size)[: len(samples)]
    starts = range(0, len(samples) - _BLOCK + 1, _STEP)
    power = np.array([np.mean(np.square(weighted[at : at + _BLOCK])) for at in starts])
    power = power[_lufs(power) > -70]
    gate = float(_lufs(np.mean(power))) - 10
    return float(_lufs(np.mean(power[_lufs(power) > gate])))


def _lufs(power: NDArray[np.float64] | np.floating) -> NDArray[np.float64]:
    return -0.691 + 10 * np.log10(np.maximum(power, 1e-20))


def true_peak(samples: Samples) -> float:
    """Return the true peak in dBTP, measured with eightfold oversampling."""
    highest = 0.0
    for at in range(0, len(samples), RATE):
        piece = samples[max(0, at - 4800) : at + RATE + 4800].astype(np.float64)
        piece *= np.minimum(1, np.minimum(np.arange(len(piece)), np.arange(len(piece))[::-1]) / 960)
        dense = np.fft.irfft(np.fft.rfft(piece), 8 * len(piece)) * 8
        highest = max(highest, float(np.abs(dense).max()))
    return 20 * float(np.log10(highest))


def test_meter_reads_reference_tones() -> None:
    time = np.arange(10 * RATE) / RATE
    tone = (0.1 * np.sin(2 * np.pi * 997 * time)).astype(np.float32)
    assert loudness(tone) == pytest.approx(-23.01, abs=0.05)
    off_crest = np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4).astype(np.float32)
    assert true_peak(off_crest) == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize("level", [0.003, 0.1, 0.6])
@pytest.mark.parametrize("music", [False, True], ids=["speech", "music"])
def test_narration_has_target_loudness_and_peak(tmp_path: Path, level: float, music: bool) -> None:
    path = str(tune(tmp_path / "tune.m4a", seconds=8)) if music else None
    sound = SoundSettings(path)
    narration, _ = record_narration(
        SCRIPT, BuzzVoice(level=level), tmp_path, calls=DirectCalls(60), sound=sound
    )
    heard = read_m4a(tmp_path / "narration.m4a")
    assert loudness(heard) == pytest.approx(-16, abs=1)
    assert loudness(heard) == pytest.approx(narration.loudness, abs=0.5)
    assert true_peak(heard) <= -1
