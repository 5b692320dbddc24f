"""Errors of captions against the place of the speech in a finished narration."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from transforms.model import Narration, Sentence
from transforms.narration.mastering import RATE, Samples, resample

_AROUND = 3.0  # seconds in which the speech of a caption is looked for


def caption_errors(
    narration: Narration, heard: Samples, spoken: Callable[[str], Iterable[Samples]], rate: int
) -> list[float]:
    """Return the errors in seconds of the start and the end of each caption.

    Args:
        narration: The timing that is checked.
        heard: The decoded narration at `RATE`.
        spoken: Returns what the voice spoke for a sentence, from the first to the last audible
            sample; if it was spoken several times, all of them.
        rate: Samples per second of `spoken`.
    """
    errors: list[float] = []
    for sentence in narration.sentences:
        found = (_errors(sentence, heard, sound, rate) for sound in spoken(sentence.text))
        errors += min(found, key=max)
    return errors


def _errors(sentence: Sentence, heard: Samples, sound: Samples, rate: int) -> tuple[float, float]:
    speech = resample(sound, rate)
    first = max(0, round((sentence.start - _AROUND) * RATE))
    window = heard[first : first + len(speech) + round(2 * _AROUND * RATE)]
    start = (first + _best_lag(window, speech)) / RATE
    return abs(sentence.start - start), abs(sentence.end - start - len(speech) / RATE)


def _best_lag(window: Samples, speech: Samples) -> int:
    """Return the index in a window at which it is most similar to the speech."""
    size = 1 << (len(window) + len(speech)).bit_length()
    spectrum = np.fft.rfft(window, size) * np.conj(np.fft.rfft(speech, size))
    return int(np.argmax(np.fft.irfft(spectrum, size)[: len(window)]))
