"""Mixer of background music under a narration: quiet under speech, louder in long pauses."""

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
from transforms.narration.mastering import RATE, UNMEASURED, Samples, measure

SUFFIXES: Final = (".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav")
"""File name extensions of music files."""

_DEMUXERS: Final = {
    # A playlist (HLS, ffconcat) named like a sound file would make FFmpeg read other files.
    "format_whitelist": "aac,flac,mov,mp3,ogg,wav",
    "protocol_whitelist": "file",
}
"""Options of FFmpeg: the formats that are opened under any file name, and from where."""

UNDER_SPEECH: Final = -24.0
"""Loudness of music under speech, in LU relative to the speech; WCAG 2.2, 1.4.7 asks for -20 or
less."""
BETWEEN: Final = -14.0
"""Loudness of music in long pauses, in LU relative to the speech."""

_SHORT_PAUSE: Final = 1.2  # seconds; the music stays quiet in pauses up to this length
_FALL, _RISE = 0.4, 0.8  # seconds of the fades before and after speech
_FADE_IN, _FADE_OUT = 0.8, 2.0  # seconds of the fades at both ends of the narration
_PROBE: Final = 30  # seconds at the start of the music whose loudness is measured
_LOOP_FADE: Final = RATE // 2  # samples of the fades at both ends of repeated music
_BLOCK: Final = 4 * RATE  # samples


def files(path: str) -> list[Path]:
    """Return the music files at a path, sorted by name.

    Raises:
        PermanentError: there are no music files.
    """
    place = Path(path)
    if place.is_dir():
        found = sorted(file for file in place.iterdir() if file.suffix.lower() in SUFFIXES)
    else:
        found = [place] if place.is_file() else []
    if not found:
        raise PermanentError(f"no music at {path}: give a file, or a folder of {SUFFIXES} files")
    return found


def check(path: str) -> None:
    """Check that all music files at a path can be decoded.

    Raises:
        PermanentError: there are none, or one has no sound or another format.
    """
    for file in files(path):
        _first(file, 1)


def digest(path: str) -> str:
    """Return the SHA-256 (hex) of all music files at a path."""
    total = hashlib.sha256()
    for file in files(path):
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def choose(path: str, key: str) -> Path:
    """Choose a music file at a path by a hash of the key."""
    found = files(path)
    return found[zlib.crc32(key.encode()) % len(found)]


def mix_music(samples: Samples, sentences: Sequence[Sentence], file: Path) -> None:
    """Mix music into a narration, in place; music that is too short is repeated.

    Args:
        samples: mono at `RATE`.
        sentences: times of the speech.
        file: the music, in the format of one of `SUFFIXES`.

    Raises:
        PermanentError: the file has no sound.
    """
    probe = _first(file, _PROBE * RATE)
    loudness = measure(probe).loudness
    if loudness <= UNMEASURED:
        raise PermanentError(f"{file.name} is silent: use another file as music")
    level = measure(samples).loudness - loudness
    times, gains = _envelope(sentences, len(samples) / RATE)
    start = 0
    for piece in _looped(file):
        block = piece[: len(samples) - start]
        clock = (start + np.arange(len(block))) / RATE
        gain = 10 ** ((np.interp(clock, times, gains) + level) / 20)
        samples[start : start + len(block)] += (block * gain).astype(np.float32)
        start += len(block)
        if start >= len(samples):
            return


def _envelope(sentences: Sequence[Sentence], duration: float) -> tuple[list[float], list[float]]:
    """Return the breakpoints of the music's gain curve: seconds and LU relative to speech."""
    inaudible = UNDER_SPEECH - 40
    corners = [(0.0, inaudible)]
    pause_start = 0.0
    for sentence in [*sentences, None]:
        start = sentence.start if sentence else duration + _FALL
        if start - pause_start > _SHORT_PAUSE:
            rise = pause_start + min(
                _FADE_IN if pause_start == 0 else _RISE, (start - pause_start) / 2
            )
            corners += [(pause_start, UNDER_SPEECH if pause_start else inaudible), (rise, BETWEEN)]
            corners.append((max(rise, start - _FALL), BETWEEN))
        corners.append((start, UNDER_SPEECH))
        pause_start = sentence.end if sentence else duration
    fade = max(0.0, duration - _FADE_OUT)
    times, gains = [list(column) for column in zip(*sorted(corners), strict=True)]
    last = float(np.interp(fade, times, gains))
    kept = [(t, g) for t, g in zip(times, gains, strict=True) if t < fade]
    kept += [(fade, last), (duration, inaudible)]
    return [t for t, _ in kept], [g for _, g in kept]


def _looped(file: Path) -> Iterator[Samples]:
    """Yield blocks of the endlessly repeated music; each repetition fades in and out."""
    ramp = np.linspace(0, 1, _LOOP_FADE, dtype=np.float32)
    for _ in repeat(None):
        pending: Samples | None = None
        for block in _decoded(file):
            if pending is None:
                fade = ramp[: len(block)]
                block[: len(fade)] *= fade
            else:
                yield pending
            pending = block
        if pending is not None:
            fade = ramp[: len(pending)]
            pending[len(pending) - len(fade) :] *= fade[::-1]
            yield pending


def _first(file: Path, count: int) -> Samples:
    parts, length = [np.zeros(0, np.float32)], 0
    for block in _decoded(file):
        parts.append(block)
        length += len(block)
        if length >= count:
            break
    return np.concatenate(parts)[:count]


def _decoded(file: Path) -> Iterator[Samples]:
    """Decode a music file into mono blocks at `RATE`.

    Raises:
        PermanentError: the file has no sound or cannot be decoded.
    """
    try:
        with av.open(str(file), options=dict(_DEMUXERS)) as container:
            if not container.streams.audio:
                raise PermanentError(f"{file.name} has no sound: use another file as music")
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
        raise PermanentError(f"{file.name} cannot be decoded as music: {error}") from error
