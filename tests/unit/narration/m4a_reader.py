"""Decoder of narrations for tests."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from transforms.narration.mastering import Samples


def read_m4a(path: Path) -> Samples:
    """Return the samples of a file by `write_m4a`, as a player decodes them."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(stream)])
