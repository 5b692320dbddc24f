"""Decoder of the audio that Google Text-to-Speech answers with; rejects unusable audio."""

from __future__ import annotations

import io
import wave
from typing import Final

import numpy as np

from transforms.errors import PermanentError
from transforms.narration.mastering import Samples, audible_frames
from transforms.narration.speech_length import plausible_seconds

SAMPLE_RATE: Final = 24_000


class UnusableAudio(Exception):
    """An answer's audio is missing, truncated, silent or of implausible length.

    Args:
        reason: what is wrong with it, in two words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_speech(audio: bytes, text: str, speaking_rate: float) -> Samples:
    """Decode the WAV file of an answer and check that it can hold the whole text.

    Args:
        audio: a WAV file.
        text: the text of the request.
        speaking_rate: 2 is twice as fast as the voice's own rate.

    Raises:
        UnusableAudio: the answer is no audio, truncated, silent, or too short or long for the text.
        PermanentError: the audio has another format than was asked for.
    """
    samples = _decode(audio)
    frame, audible = audible_frames(samples, SAMPLE_RATE)
    if not audible.any():
        raise UnusableAudio("silent audio")
    least, most = plausible_seconds(text, speaking_rate)
    if not least <= float(audible.sum()) * frame / SAMPLE_RATE <= most:
        raise UnusableAudio("implausible length")
    return samples


def _decode(audio: bytes) -> Samples:
    try:
        with wave.open(io.BytesIO(audio)) as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            frames = file.getnframes()
            data = file.readframes(frames)
    except (wave.Error, EOFError) as error:
        raise UnusableAudio("no audio") from error
    if form != (1, 2, SAMPLE_RATE):
        raise PermanentError(
            "Google Text-to-Speech answered with (channels, bytes, rate) "
            f"{form} instead of (1, 2, {SAMPLE_RATE}): use another voice"
        )
    if len(data) < 2 * frames:
        raise UnusableAudio("truncated audio")
    return np.frombuffer(data, "<i2").astype(np.float32) * np.float32(1 / 32768)
