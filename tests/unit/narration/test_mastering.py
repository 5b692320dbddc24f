"""Tests of trimming, resampling, loudness measurement, limiting and mastering."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tests.unit.narration.voices import buzz, silence
from transforms.narration.mastering import (
    PEAK_CEILING,
    RATE,
    Samples,
    limit,
    master,
    measure,
    resample,
    trim,
)

VOICE_RATE = 24_000


def decibel(ratio: float) -> float:
    return 20 * float(np.log10(ratio))


def sine(hertz: float, seconds: float, amplitude: float) -> Samples:
    time = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


class TestTrim:
    @pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
    def test_start_and_end_of_sound_are_found(self, rate: int) -> None:
        sound = buzz(1.0, rate)
        clip = trim(np.concatenate([silence(0.31, rate), sound, silence(0.48, rate)]), rate)
        assert clip is not None
        assert (clip.end - clip.begin) / rate == pytest.approx(1.0, abs=0.011)
        assert clip.begin / rate == pytest.approx(0.045, abs=0.006)
        assert len(clip.samples) / rate == pytest.approx(1.09, abs=0.011)

    def test_quiet_consonants_are_kept(self) -> None:
        hiss = np.random.default_rng(1).normal(0, 0.1 * 10 ** (-30 / 20), 2400)
        spoken = np.concatenate([hiss, buzz(0.5, VOICE_RATE), hiss]).astype(np.float32)
        clip = trim(np.concatenate([silence(0.3, VOICE_RATE), spoken]), VOICE_RATE)
        assert clip is not None
        assert (clip.end - clip.begin) / VOICE_RATE == pytest.approx(0.7, abs=0.011)

    def test_noise_around_voice_is_cut(self) -> None:
        noise = np.random.default_rng(1).normal(0, 1e-4, 48_000).astype(np.float32)
        noise[12_000:36_000] += buzz(1.0, VOICE_RATE)
        clip = trim(noise, VOICE_RATE)
        assert clip is not None
        assert (clip.end - clip.begin) / VOICE_RATE == pytest.approx(1.0, abs=0.011)

    def test_clip_fades_at_both_ends(self) -> None:
        clip = trim(buzz(0.5, VOICE_RATE, level=0.4) + np.float32(0.2), VOICE_RATE)
        assert clip is not None
        assert abs(clip.samples[0]) < 0.01
        assert abs(clip.samples[-1]) < 0.01

    @pytest.mark.parametrize(
        "nothing",
        [silence(0, VOICE_RATE), silence(1, VOICE_RATE), np.full(9000, 1e-5, np.float32)],
        ids=["no samples", "zeros", "far below hearing"],
    )
    def test_silence_gives_no_clip(self, nothing: Samples) -> None:
        assert trim(nothing, VOICE_RATE) is None

    def test_input_is_not_changed(self) -> None:
        sound = buzz(0.5, VOICE_RATE)
        before = sound.copy()
        trim(sound, VOICE_RATE)
        assert np.array_equal(sound, before)

    @given(npst.arrays(np.float32, st.integers(0, 2000), elements=st.floats(-1, 1, width=32)))
    def test_any_samples_give_a_clip_within_bounds(self, samples: Samples) -> None:
        clip = trim(samples, VOICE_RATE)
        if clip is not None:
            assert 0 <= clip.begin < clip.end <= len(clip.samples) <= len(samples)


class TestResample:
    def test_length_and_position_are_kept(self) -> None:
        impulse = np.zeros(VOICE_RATE, np.float32)
        impulse[6000] = 1
        there = resample(impulse, VOICE_RATE)
        assert len(there) == RATE
        assert np.abs(there).argmax() == 12_000

    def test_same_rate_returns_the_input(self) -> None:
        sound = buzz(0.1, RATE)
        assert resample(sound, RATE) is sound

    def test_empty_input_stays_empty(self) -> None:
        assert len(resample(silence(0, VOICE_RATE), VOICE_RATE)) == 0


class TestMeasure:
    def test_reference_tone_reads_minus_23_lufs(self) -> None:
        # ITU-R BS.1770: a 997 Hz sine at 0 dBFS in one front channel reads -3.01 LUFS.
        level = measure(sine(997, 10, 10 ** (-20 / 20)))
        assert level.loudness == pytest.approx(-23.01, abs=0.05)
        assert decibel(level.true_peak) == pytest.approx(-20, abs=0.1)

    def test_silence_does_not_lower_loudness(self) -> None:
        tone = sine(997, 10, 0.1)
        gapped = np.concatenate([tone, np.zeros(10 * RATE, np.float32), tone])
        assert measure(gapped).loudness == pytest.approx(measure(tone).loudness, abs=0.2)

    def test_peak_between_samples_is_found(self) -> None:
        # A quarter of the sample rate, sampled 45 degrees off its crest: samples reach 0.707.
        n = np.arange(RATE)
        tone = np.sin(np.pi / 2 * n + np.pi / 4).astype(np.float32)
        assert np.abs(tone).max() == pytest.approx(0.7071, abs=0.001)
        assert measure(tone).true_peak > 0.97

    def test_short_or_silent_sound_is_unmeasured(self) -> None:
        assert measure(sine(997, 0.1, 0.5)).loudness == -70
        assert measure(np.zeros(RATE, np.float32)).loudness == -70


class TestLimit:
    @settings(max_examples=50)
    @given(
        npst.arrays(
            np.float32, st.integers(0, 3000), elements=st.floats(-4, 4, width=32), fill=st.just(0.1)
        ),
        st.floats(0.1, 1.0),
    )
    def test_samples_stay_within_ceiling(self, samples: Samples, ceiling: float) -> None:
        limit(samples, ceiling)
        assert np.abs(samples).max(initial=0) <= np.float32(ceiling)

    def test_quiet_sound_is_not_changed(self) -> None:
        sound = buzz(1.0, RATE, level=0.2)
        before = sound.copy()
        limit(sound, 1.0)
        assert np.array_equal(sound, before)

    def test_gain_changes_smoothly_near_the_peak_only(self) -> None:
        sound = sine(440, 2, 0.5)
        sound[RATE : RATE + 480] *= 3
        before = sound.copy()
        limit(sound, 0.7)
        away = np.r_[0 : RATE - 4800, RATE + 4800 : 2 * RATE]
        assert np.array_equal(sound[away], before[away])
        heard = np.abs(before) > 0.05
        gain = sound[heard] / before[heard]
        assert gain.min() == pytest.approx(0.7 / 1.5, abs=0.03)
        assert np.abs(np.diff(gain)).max() < 0.02

    @pytest.mark.parametrize("block", [0, 1, 50, 98, 99], ids="block {}".format)
    @pytest.mark.parametrize("place", [0, 1, 120, 238, 239], ids="sample {}".format)
    def test_gain_is_piecewise_linear_and_avoids_clipping(self, block: int, place: int) -> None:
        constant = np.full(100 * 240, 0.1, np.float32)
        sound = constant.copy()
        sound[block * 240 + place] = 1.0
        limit(sound, 0.25)
        gain = (sound / constant).astype(np.float64)
        gain[block * 240 + place] /= 10
        bends = np.abs(np.diff(gain.reshape(100, 240), 2)).max()
        assert bends < 1e-5
        assert gain[block * 240 + place] <= 0.25 + 1e-6
        assert (sound < 0.2499).sum() >= len(sound) - 1
        assert np.abs(np.diff(gain)).max() < 0.75 / 240 / 4
        far = np.abs(np.arange(len(sound)) - block * 240) > 2640
        assert (gain[far] == 1).all()

    def test_constant_loud_sound_keeps_the_ceiling_level(self) -> None:
        sound = np.full(100 * 240, 0.5, np.float32)
        limit(sound, 0.25)
        assert sound == pytest.approx(0.25, abs=1e-6)

    def test_last_shorter_block_is_limited(self) -> None:
        sound = np.full(50 * 240 + 7, 0.1, np.float32)
        sound[-1] = -1.0
        limit(sound, 0.25)
        assert -0.2501 < sound[-1] < -0.24
        assert sound[-2] == pytest.approx(0.1 * -sound[-1], rel=0.01)


class TestMaster:
    @pytest.mark.parametrize("level", [0.002, 0.05, 0.5, 2.0])
    def test_any_level_reaches_the_target(self, level: float) -> None:
        sound = buzz(5.0, RATE, level)
        reported = master(sound)
        measured = measure(sound)
        assert measured.loudness == pytest.approx(-16, abs=0.5)
        assert reported == pytest.approx(measured.loudness, abs=0.05)
        assert decibel(measured.true_peak) <= -1

    def test_transients_are_limited_and_target_reached(self) -> None:
        sound = buzz(10.0, RATE, 0.02)
        clicks = np.random.default_rng(2).integers(0, len(sound), 40)
        sound[clicks] = 0.9
        reported = master(sound)
        assert decibel(measure(sound).true_peak) <= -1
        assert reported == pytest.approx(-16, abs=1)

    def test_peak_limit_wins_over_unreachable_target(self) -> None:
        n = np.arange(5 * RATE)
        signs = np.random.default_rng(1).choice([-1.0, 1.0], n.size)
        bursts = np.where((n // 1200) % 40 == 0, signs, 0)
        sound = (bursts + 0.005 * np.sin(2 * np.pi * 300 * n / RATE)).astype(np.float32)
        reported = master(sound)
        measured = measure(sound)
        assert measured.true_peak <= PEAK_CEILING * 1.001
        assert reported == pytest.approx(measured.loudness, abs=0.05)

    def test_rounds_lower_ceiling_for_peaks_between_samples(self) -> None:
        n = np.arange(5 * RATE)
        noise = np.random.default_rng(1).choice([-1.0, 1.0], n.size)
        clicks = np.where((n // 240) % 100 == 0, noise, 0)
        sound = (clicks + 0.02 * np.sin(2 * np.pi * 300 * n / RATE)).astype(np.float32)
        assert master(sound) > -21  # two rounds, or a constant ceiling, end at -24

    @pytest.mark.parametrize("hertz", [300, 3000, 9000])
    def test_bursts_reach_target_within_peak_limit(self, hertz: int) -> None:
        n = np.arange(5 * RATE)
        loud = np.where((n // 2400) % 20 == 0, 1.0, 0.02)
        sound = (loud * np.sin(2 * np.pi * hertz * n / RATE + 0.4)).astype(np.float32)
        reported = master(sound)
        measured = measure(sound)
        assert measured.true_peak <= PEAK_CEILING * 1.001
        assert reported == pytest.approx(measured.loudness, abs=0.05)
        assert reported == pytest.approx(-16, abs=0.3)

    @pytest.mark.parametrize("seconds", [0, 1], ids=["no samples", "zeros"])
    def test_silence_stays_silent_and_unmeasured(self, seconds: int) -> None:
        sound = np.zeros(seconds * RATE, np.float32)
        assert master(sound) == -70
        assert not sound.any()

    def test_short_sound_stays_below_the_ceiling(self) -> None:
        sound = sine(200, 0.3, 0.3)
        assert master(sound) == -70
        assert measure(sound).true_peak <= PEAK_CEILING * 1.001

    def test_peaks_between_samples_stay_below_limit(self) -> None:
        n = np.arange(10 * RATE)
        sound = (0.01 * np.sin(2 * np.pi * 300 * n / RATE)).astype(np.float32)
        burst = np.sin(np.pi / 2 * n[:2400] + np.pi / 4) * 0.5
        for start in range(0, len(sound) - 2400, RATE):
            sound[start : start + 2400] += burst.astype(np.float32)
        master(sound)
        assert decibel(measure(sound).true_peak) <= -1
        assert PEAK_CEILING < 10 ** (-1 / 20)
