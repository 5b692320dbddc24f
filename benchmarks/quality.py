"""Similarity of decoded pictures to the drawn ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BLOCK = 8
_LUMINANCE, _CONTRAST = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""Constants of the paper for 8-bit samples."""


def ssim(one: NDArray[np.uint8], other: NDArray[np.uint8], height: int) -> float:
    """Return the mean structural similarity of luma over blocks of 8 x 8 (Wang et al., 2004).

    Args:
        one: a yuv420p picture, shape (height * 3 / 2, width).
        other: another of the same size.
        height: of the pictures in pixels.
    """
    rows, columns = height // _BLOCK, one.shape[1] // _BLOCK

    def mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        cut = plane[: rows * _BLOCK, : columns * _BLOCK]
        blocks = cut.reshape(rows, _BLOCK, columns, _BLOCK)
        return np.asarray(blocks.mean(axis=(1, 3)))

    x, y = (picture[:height].astype(np.float32) for picture in (one, other))
    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    ratio = (2 * mx * my + _LUMINANCE) * (2 * cov + _CONTRAST)
    return float((ratio / ((mx**2 + my**2 + _LUMINANCE) * (vx + vy + _CONTRAST))).mean())
