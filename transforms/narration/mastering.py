"""Audio processing for narrations: trimming, resampling, loudness and peak limiting.

Loudness and true peak are measured as ITU-R BS.1770-4 defines them, by FFmpeg's ``ebur128`` filter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import log10
from typing import Final

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE: Final = 48_000
"""Samples per second of a finished narration."""

TARGET_LUFS: Final = -16.0
"""Integrated loudness that AES TD1008 recommends for speech in podcasts and on mobile devices."""

UNMEASURED: Final = -70.0
"""Loudness in LUFS reported for a recording that is too short or too quiet to measure."""

PEAK_CEILING: Final = 10 ** (-1.5 / 20)
"""Largest true peak after mastering: -1.5 dBTP, so that AAC coding stays below -1 dBTP."""

# A frame is audible if it is at most 40 dB below the loud passages of the sentence: an "f" or "th"
# is 20 to 35 dB below them, the noise around a synthetic voice 60 dB.
_GATE_DB: Final = 40.0
_FRAME_SECONDS: Final = 0.005
_MARGIN_SECONDS: Final = 0.045
_FADE_SECONDS: Final = 0.010
_SILENCE: Final = 10 ** (-75 / 20)

_LIMITER_BLOCK: Final = 240  # samples
_LIMITER_REACH: Final = 4  # neighbouring blocks on either side
_ROUNDS: Final = 4
_TOLERANCE_LU: Final = 0.3  # of the loudness after limiting


@dataclass(frozen=True)
class Clip:
    """A recording with its outer silence trimmed to a faded margin on either side.

    Attributes:
        samples: mono, faded in and out.
        first: index of its first sample in the recording.
        begin: index of the first audible sample.
        end: index after the last audible sample.
    """

    samples: Samples
    first: int
    begin: int
    end: int


def audible_frames(
    samples: Samples, rate: int, gate_db: float = _GATE_DB
) -> tuple[int, NDArray[np.bool_]]:
    """Mark the frames of a recording that are audible relative to its loud passages.

    Args:
        samples: mono, shape (n,), at `rate` samples per second.
        rate: samples per second.
        gate_db: level below the loud passages up to which a frame is audible.

    Returns:
        The samples of a frame, and True for each audible frame.
    """
    frame = max(1, round(rate * _FRAME_SECONDS))
    count = -(-len(samples) // frame)
    framed = np.zeros(count * frame, np.float32)
    framed[: len(samples)] = samples
    level = np.sqrt(np.mean(np.square(framed.reshape(count, frame)), axis=1, dtype=np.float64))
    if not count or level.max() <= _SILENCE:
        return frame, np.zeros(count, np.bool_)
    loud = np.percentile(level[level > _SILENCE], 95)
    return frame, level > max(_SILENCE, loud * 10 ** (-gate_db / 20))


def trim(samples: Samples, rate: int) -> Clip | None:
    """Trim the silence at both ends of a recording, but keep a margin for quiet consonants.

    Args:
        samples: mono, shape (n,), at `rate` samples per second.

    Returns:
        The clip, or None if nothing is audible.
    """
    frame, heard = audible_frames(samples, rate)
    audible = np.flatnonzero(heard)
    if not len(audible):
        return None
    begin, end = int(audible[0]) * frame, min(len(samples), (int(audible[-1]) + 1) * frame)
    margin = round(rate * _MARGIN_SECONDS)
    first, last = max(0, begin - margin), min(len(samples), end + margin)
    cut = np.array(samples[first:last], dtype=np.float32)
    fade = min(round(rate * _FADE_SECONDS), len(cut) // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / max(1, fade))).astype(np.float32)
    cut[:fade] *= ramp
    cut[len(cut) - fade :] *= ramp[::-1]
    return Clip(cut, first, begin - first, end - first)


def resample(samples: Samples, rate: int) -> Samples:
    """Resample a recording to `RATE` samples per second, in phase with the input."""
    if rate == RATE or not len(samples):
        return samples
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    parts = [
        out.to_ndarray()[0]
        for frame in (_frame(samples, rate, 0), None)
        for out in resampler.resample(frame)
    ]
    return np.concatenate(parts)


def _frame(samples: Samples, rate: int, start: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
    frame.sample_rate = rate
    frame.pts = start
    frame.time_base = Fraction(1, rate)
    return frame


@dataclass(frozen=True)
class Level:
    """Loudness and peak of a recording.

    Attributes:
        loudness: integrated loudness in LUFS; `UNMEASURED` if too short or too quiet to measure.
        true_peak: largest absolute value of the continuous signal; 1.0 is full scale.
    """

    loudness: float
    true_peak: float


def measure(samples: Samples) -> Level:
    """Measure integrated loudness and true peak of a recording at `RATE`."""
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=RATE, format="flt", layout="mono", time_base=Fraction(1, RATE)
    )
    meter = graph.add("ebur128", "metadata=1:peak=true:framelog=quiet")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    loudness, peak = UNMEASURED, 0.0
    for start in (*range(0, len(samples), RATE), None):
        graph.push(None if start is None else _frame(samples[start : start + RATE], RATE, start))
        for metered in _pull_frames(graph):
            # The first frames have no values: there is not enough sound to measure yet.
            loudness = float(metered.metadata.get("lavfi.r128.I", loudness))
            peak = float(metered.metadata.get("lavfi.r128.true_peak", peak))
    return Level(loudness, max(peak, float(np.abs(samples).max(initial=0.0))))


def _pull_frames(graph: Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            yield graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def limit(samples: Samples, ceiling: float) -> None:
    """Limit all samples to `ceiling`, in place, by reducing the gain of loud passages smoothly.

    The gain of a block of 5 ms is the lowest that it and its neighbours need, averaged over them
    and interpolated linearly. It is never higher than the block allows, and quiet passages keep
    their level.
    """
    blocks = -(-len(samples) // _LIMITER_BLOCK)
    padded = np.zeros(blocks * _LIMITER_BLOCK, np.float32)
    np.abs(samples, out=padded[: len(samples)])
    peaks = padded.reshape(blocks, _LIMITER_BLOCK).max(axis=1)
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, np.finfo(np.float32).tiny))
    if needed.min(initial=1.0) >= 1.0:
        return
    window = 2 * _LIMITER_REACH + 1
    edged = np.pad(needed, 2 * _LIMITER_REACH + 1, constant_values=1.0)
    least = np.lib.stride_tricks.sliding_window_view(edged, window).min(axis=1)
    smooth = np.lib.stride_tricks.sliding_window_view(least, window).mean(axis=1)
    # `smooth` has one more value on either side than there are blocks; an edge takes the lower
    # gain of the two blocks that meet there.
    edges = np.minimum(smooth[:-1], smooth[1:])
    places = np.arange(len(samples)) / _LIMITER_BLOCK
    samples *= np.interp(places, np.arange(blocks + 1), edges).astype(np.float32)
    np.clip(samples, -ceiling, ceiling, out=samples)


def master(samples: Samples) -> float:
    """Normalise a recording to `TARGET_LUFS` with a true peak below -1 dBTP, in place.

    Args:
        samples: mono at `RATE`.

    Returns:
        The loudness of the result, in LUFS.
    """
    level, ceiling = measure(samples), PEAK_CEILING
    for _ in range(_ROUNDS):
        gain = 10 ** ((TARGET_LUFS - level.loudness) / 20)
        samples *= np.float32(gain)
        if level.true_peak * gain <= PEAK_CEILING:
            return TARGET_LUFS if level.loudness > UNMEASURED else measure(samples).loudness
        limit(samples, ceiling)
        level = measure(samples)
        if level.true_peak <= PEAK_CEILING and abs(level.loudness - TARGET_LUFS) < _TOLERANCE_LU:
            return level.loudness
        # The continuous signal exceeds its samples; lower the ceiling by that ratio.
        ceiling *= min(1.0, PEAK_CEILING / level.true_peak)
    # The peak is a hard limit, loudness only a target: attenuate if both are not possible.
    attenuation = min(1.0, PEAK_CEILING / level.true_peak)
    samples *= np.float32(attenuation)
    return level.loudness + 20 * log10(attenuation)
