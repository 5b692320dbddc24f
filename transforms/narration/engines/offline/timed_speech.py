"""Synthesis of a phoneme string with the start time of each word.

The model computes how many frames each phoneme lasts, but does not return it.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Final

import numpy as np

from transforms.narration.mastering import Samples

DURATIONS: Final = "/Cast_32_output_0"
"""Tensor of hibari's model: frames of each phoneme, padding included, shape (phonemes,)."""

_LEAD: Final = 0.06
"""Seconds by which words are audible before their first frame: the median of first words and of
words after a pause, 0.04 at the voice's own speed to 0.09 at three quarters of it."""

_GRAPH, _OUTPUT, _NAME = 7, 12, 1  # of ModelProto, GraphProto and ValueInfoProto (onnx.proto)


def with_durations(model: bytes) -> bytes:
    """Return an ONNX model with `DURATIONS` as its last output.

    Two serialized messages of protobuf, one after the other, are their merge, and the merge of two
    models has the outputs of both: https://protobuf.dev/programming-guides/encoding/#last-one-wins
    """
    output = _field(_NAME, DURATIONS.encode())
    return model + _field(_GRAPH, _field(_OUTPUT, output))


def _field(number: int, value: bytes) -> bytes:
    """Encode a protobuf field shorter than 128 bytes."""
    return bytes([number << 3 | 2, len(value)]) + value


def speak_phonemes(hibari: Any, phonemes: str, speed: float) -> tuple[Samples, list[float]]:
    """Speak a phoneme string, with reproducible samples.

    Args:
        hibari: a voice whose model has `DURATIONS`.
        phonemes: words separated by spaces.
        speed: 1 is the voice's own.

    Returns:
        The samples, and the second at which each word begins.
    """
    from hibari import dsp

    ids = hibari.ids(phonemes)
    given = {"ids": np.asarray([ids], np.int64), "speed": np.asarray([speed], np.float32)}
    *sound, durations = hibari.sess.run(None, given)
    samples = dsp.synth(*(each[0] for each in sound), np.random.default_rng(0))
    begins = [0, *accumulate(durations.ravel().tolist())]  # of each phoneme, and the end
    seconds = len(samples) / hibari.sample_rate
    starts, position = [], 1  # after the padding
    for word in phonemes.split(" "):
        starts.append(max(0.0, begins[position] * seconds / begins[-1] - _LEAD))
        position += sum(phoneme in hibari.vocab for phoneme in [*word, " "])
    return samples, starts
