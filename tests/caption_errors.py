"""Errors of captions against the place of the speech in a finished narration."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from transforms.model import Narration
from transforms.narration.mastering import RATE, Samples, resample

_AROUND = 3.0  # seconds in which the speech of a caption is looked for


def caption_errors(
    narration: Narration, heard: Samples, spoken: Mapping[str, Samples], rate: int
) -> list[float]:
    """Return the errors in seconds of the start and the end of each caption.

    Args:
        narration: The timing that is checked.
        heard: The decoded narration at `RATE`.
        spoken: What the voice spoke for each sentence, from the first to the last audible sample.
        rate: Samples per second of `spoken`.
    """
    errors = []
    for sentence in narration.sentences:
        speech = resample(spoken[sentence.text], rate)
        first = max(0, round((sentence.start - _AROUND) * RATE))
        window = heard[first : first + len(speech) + round(2 * _AROUND * RATE)]
        start = (first + _best_lag(window, speech)) / RATE
        errors += [abs(sentence.start - start), abs(sentence.end - start - len(speech) / RATE)]
    return errors


def _best_lag(window: Samples, speech: Samples) -> int:
    """Return the index in a window at which it is most similar to the speech."""
    size = 1 << (len(window) + len(speech)).bit_length()
    spectrum = np.fft.rfft(window, size) * np.conj(np.fft.rfft(speech, size))
    return int(np.argmax(np.fft.irfft(spectrum, size)[: len(window)]))
