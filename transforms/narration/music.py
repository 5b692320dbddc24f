"""A bed of music under a narration: quiet while somebody speaks, a little louder in between."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Final

import av
import numpy as np

from transforms.errors import PermanentError
from transforms.model import Sentence
from transforms.narration.mastering import RATE, Samples, measure

SUFFIXES: Final = (".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav")
"""Files of a folder that count as music."""

UNDER_SPEECH: Final = -24.0
"""Loudness of music under speech, in LU from the speech: heard, but never in the way (WCAG 1.4.7
asks for at least 20 dB)."""
BETWEEN: Final = -14.0
"""The same where nobody speaks for a while."""

_BREATH: Final = 1.2  # seconds; in a shorter gap the music stays down
_FALL, _RISE = 0.4, 0.8  # seconds the music takes to go down, and to come back
_FADE_IN, _FADE_OUT = 0.8, 2.0
_PROBE: Final = 30  # seconds of music whose loudness is taken for all of it
_JOIN: Final = RATE // 2  # samples over which a piece that is repeated fades at its ends
_BLOCK: Final = 4 * RATE


def files(path: str) -> list[Path]:
    """The pieces of music at a path, in an order that does not change.

    Raises:
        PermanentError: there is none.
    """
    place = Path(path)
    if place.is_dir():
        found = sorted(file for file in place.iterdir() if file.suffix.lower() in SUFFIXES)
    else:
        found = [place] if place.is_file() else []
    if not found:
        raise PermanentError(f"no music at {path}: give a file, or a folder of {SUFFIXES} files")
    return found


def digest(path: str) -> str:
    """SHA-256 (hex) of all the music at a path."""
    total = hashlib.sha256()
    for file in files(path):
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def choose(path: str, key: str) -> Path:
    """One of the pieces at a path: always the same for the same key."""
    found = files(path)
    return found[zlib.crc32(key.encode()) % len(found)]


def lay_under(samples: Samples, sentences: Sequence[Sentence], file: Path) -> None:
    """Mix music into a narration, in place; what is too short is repeated.

    Args:
        samples: mono at `RATE`.
        sentences: when somebody speaks.
        file: the music, anything FFmpeg can read.

    Raises:
        PermanentError: the file is no audio.
    """
    probe = _first(file, _PROBE * RATE)
    loudness = measure(probe).loudness
    if loudness <= -70:
        raise PermanentError(f"{file.name} is silent: it cannot be a bed of music")
    level = measure(samples).loudness - loudness
    times, gains = _envelope(sentences, len(samples) / RATE)
    at = 0
    for piece in _endless(file):
        block = piece[: len(samples) - at]
        clock = (at + np.arange(len(block))) / RATE
        gain = 10 ** ((np.interp(clock, times, gains) + level) / 20)
        samples[at : at + len(block)] += (block * gain).astype(np.float32)
        at += len(block)
        if at >= len(samples):
            return


def _envelope(sentences: Sequence[Sentence], duration: float) -> tuple[list[float], list[float]]:
    """Corners of the music's gain: seconds, and LU from the speech."""
    silent = UNDER_SPEECH - 40
    corners = [(0.0, silent)]
    free = 0.0
    for sentence in [*sentences, None]:
        start = sentence.start if sentence else duration + _FALL
        if start - free > _BREATH:
            rise = free + min(_FADE_IN if free == 0 else _RISE, (start - free) / 2)
            corners += [(free, UNDER_SPEECH if free else silent), (rise, BETWEEN)]
            corners.append((max(rise, start - _FALL), BETWEEN))
        corners.append((start, UNDER_SPEECH))
        free = sentence.end if sentence else duration
    fade = max(0.0, duration - _FADE_OUT)
    times, gains = [list(column) for column in zip(*sorted(corners), strict=True)]
    last = float(np.interp(fade, times, gains))
    kept = [(t, g) for t, g in zip(times, gains, strict=True) if t < fade]
    kept += [(fade, last), (duration, silent)]
    return [t for t, _ in kept], [g for _, g in kept]


def _endless(file: Path) -> Iterator[Samples]:
    """The music over and over; it fades at both ends, so that no join is heard."""
    ramp = np.linspace(0, 1, _JOIN, dtype=np.float32)
    for _ in repeat(None):
        held: Samples | None = None
        for block in _decoded(file):
            if held is None:
                fade = ramp[: len(block)]
                block[: len(fade)] *= fade
            else:
                yield held
            held = block
        if held is not None:
            fade = ramp[: len(held)]
            held[len(held) - len(fade) :] *= fade[::-1]
            yield held


def _first(file: Path, count: int) -> Samples:
    parts, length = [np.zeros(0, np.float32)], 0
    for block in _decoded(file):
        parts.append(block)
        length += len(block)
        if length >= count:
            break
    return np.concatenate(parts)[:count]


def _decoded(file: Path) -> Iterator[Samples]:
    """Long blocks of a file as mono at `RATE`.

    Raises:
        PermanentError: it is no audio.
    """
    try:
        with av.open(str(file)) as container:
            if not container.streams.audio:
                raise PermanentError(f"{file.name} has no sound: it cannot be a bed of music")
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            parts, length = [np.zeros(0, np.float32)], 0
            for frame in chain(container.decode(audio=0), [None]):
                for out in resampler.resample(frame):
                    parts.append(out.to_ndarray()[0])
                    length += len(parts[-1])
                if length >= _BLOCK or frame is None:
                    yield np.concatenate(parts)
                    parts, length = [], 0
    except av.FFmpegError as error:
        raise PermanentError(f"{file.name} cannot be read as music: {error}") from error
