"""Conversion of RGB pictures to limited-range BT.709 in planar 4:2:0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from transforms.video.draw.canvas import Pixels

Plane = NDArray[np.uint8]

_KR, _KB = 0.2126, 0.0722
"""Luma coefficients of BT.709 (ITU-R BT.709-6, item 3.2)."""
_KG = 1 - _KR - _KB
_LUMA, _CHROMA = 219 / 255, 224 / 255
_BLUE, _RED = _CHROMA / (2 * (1 - _KB)), _CHROMA / (2 * (1 - _KR))
_Y = (_KR * _LUMA, _KG * _LUMA, _KB * _LUMA, 16)
_CB = (-_KR * _BLUE, -_KG * _BLUE, (1 - _KB) * _BLUE, 128)
_CR = ((1 - _KR) * _RED, -_KG * _RED, -_KB * _RED, 128)
"""RGB 0-255 to Y 16-235, Cb and Cr 16-240 (BT.709-6, items 3.3 to 3.5)."""


@dataclass(frozen=True)
class Planes:
    """The planes of a picture: Y (h, w), Cb and Cr (h/2, w/2), as views of one buffer."""

    y: Plane
    u: Plane
    v: Plane

    def part(self, box: Pixels) -> Planes:
        """Return a view of a rectangle with even edges."""
        left, top, right, bottom = box
        half = (slice(top // 2, bottom // 2), slice(left // 2, right // 2))
        return Planes(self.y[top:bottom, left:right], self.u[half], self.v[half])

    def put(self, other: Planes) -> None:
        """Copy planes of the same size into these."""
        for mine, theirs in self._pairs(other):
            mine[...] = theirs

    def copy(self) -> Planes:
        """Return a copy with its own buffers."""
        return Planes(self.y.copy(), self.u.copy(), self.v.copy())

    def changed_box(self, other: Planes) -> Pixels:
        """Return the smallest rectangle with even edges that contains all differences.

        If there are none, it is a rectangle of 2 x 2 pixels.
        """
        rows, columns = (
            np.flatnonzero(
                (self.y != other.y).any(axis).reshape(-1, 2).any(1)
                | (self.u != other.u).any(axis)
                | (self.v != other.v).any(axis)
            )
            for axis in (1, 0)
        )
        if not rows.size:
            return 0, 0, 2, 2
        left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        return int(left * 2), int(top * 2), int(right * 2), int(bottom * 2)

    def blend(self, other: Planes, share: int, of: int) -> Planes:
        """Return new planes that mix in the fraction `share / of` of the other picture."""
        y, u, v = (
            np.asarray(Image.blend(Image.fromarray(mine), Image.fromarray(theirs), share / of))
            for mine, theirs in self._pairs(other)
        )
        return Planes(y, u, v)

    def _pairs(self, other: Planes) -> list[tuple[Plane, Plane]]:
        return [(self.y, other.y), (self.u, other.u), (self.v, other.v)]


def empty_planes(width: int, height: int) -> tuple[Plane, Planes]:
    """Allocate a yuv420p buffer, shape (height * 3 / 2, width); return it and its planes."""
    buffer = np.empty((height * 3 // 2, width), np.uint8)
    flat, luma, chroma = buffer.reshape(-1), width * height, width * height // 4
    half = (height // 2, width // 2)
    return buffer, Planes(
        flat[:luma].reshape(height, width),
        flat[luma : luma + chroma].reshape(half),
        flat[luma + chroma :].reshape(half),
    )


def to_planes(image: Image.Image) -> Planes:
    """Convert an RGB picture with even sides to planes."""
    half = image.reduce(2)  # chroma needs a quarter of the pixels
    y, u, v = image.convert("L", _Y), half.convert("L", _CB), half.convert("L", _CR)
    return Planes(np.asarray(y), np.asarray(u), np.asarray(v))
