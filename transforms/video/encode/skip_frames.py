"""Constant frame rate at almost no cost: handwritten skip frames repeat the picture.

A P slice in which every macroblock is skipped (about thirty bytes) shows the picture before it
again (ITU-T H.264, 7.4.5). For one picture size, these slices differ only in `frame_num`, which
counts frames since the key frame: the encoder makes one, and it is renumbered for each use.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import av
import numpy as np

from transforms.video.encode.encoder import AccessUnit, Segment, configure
from transforms.video.plan.timeline import FPS

_FRAME_NUM_BITS = 4
"""x264 uses the minimum when frames reference only one other frame."""
_HEADER_BYTES = 8
"""Bytes that always contain the slice header up to `frame_num`."""
_START = b"\0\0\0\x01"
_START_CODE = re.compile(rb"\0\0\0?\x01")
_NEEDS_ESCAPE = re.compile(rb"\0\0(?=[\x00-\x03])")
_SLICE, _TYPE = 1, 0x1F
"""`nal_unit_type` of a slice of a non-key frame, and the mask of its bits."""


def constant_rate(segment: Segment, width: int, height: int) -> Segment:
    """Return a segment with one frame for each tick of the clock.

    Args:
        segment: result of `encode`.
        width: of its picture in pixels.
        height: of its picture in pixels.

    Raises:
        ValueError: a non-key unit is not a single slice.
    """
    skips = _skip_frames(width, height)
    ends = [unit.frame for unit in segment.units[1:]] + [segment.length]
    units: list[AccessUnit] = []
    number = 0
    for unit, end in zip(segment.units, ends, strict=True):
        if unit.key:
            number = 0
            units.append(unit)
        else:
            number = (number + 1) % len(skips)
            units.append(replace(unit, data=_renumber(unit.data, number)))
        for frame in range(unit.frame + 1, end):
            number = (number + 1) % len(skips)
            units.append(AccessUnit(frame, skips[number], False))
    return replace(segment, units=tuple(units))


@lru_cache(maxsize=4)
def _skip_frames(width: int, height: int) -> tuple[bytes, ...]:
    """Return a frame that repeats the one before it, for each value of `frame_num`."""
    context = av.CodecContext.create("libx264", "w")
    configure(context, width, height)
    grey = np.full((height * 3 // 2, width), 128, np.uint8)
    packets = []
    for frame in range(3):  # the second frame may still correct the first
        picture = av.VideoFrame.from_numpy_buffer(grey, "yuv420p")
        picture.pts, picture.time_base = frame, Fraction(1, FPS)
        packets += context.encode(picture)
    packets += context.encode(None)
    skip = bytes(packets[-1])
    return tuple(_renumber(skip, number) for number in range(1 << _FRAME_NUM_BITS))


def _renumber(data: bytes, number: int) -> bytes:
    """Return a frame with another `frame_num`.

    Args:
        data: one slice of a non-key frame, Annex B.
        number: value of `frame_num`.

    Raises:
        ValueError: `data` is not a single slice of a non-key frame.
    """
    (nal,) = (part for part in _START_CODE.split(data) if part)
    if nal[0] & _TYPE != _SLICE:
        raise ValueError(f"expected a slice, found a NAL unit of type {nal[0] & _TYPE}")
    raw = nal.replace(b"\0\0\3", b"\0\0")
    head = raw[1 : 1 + _HEADER_BYTES]
    bits = "".join(f"{byte:08b}" for byte in head)
    at = _skip_exp_golomb(bits, 3)  # first_mb_in_slice, slice_type, pic_parameter_set_id
    bits = f"{bits[:at]}{number:0{_FRAME_NUM_BITS}b}{bits[at + _FRAME_NUM_BITS :]}"
    raw = raw[:1] + int(bits, 2).to_bytes(len(head), "big") + raw[1 + len(head) :]
    return _START + _NEEDS_ESCAPE.sub(b"\0\0\3", raw)


def _skip_exp_golomb(bits: str, count: int) -> int:
    """Return the bit index after `count` Exp-Golomb codes (ITU-T H.264, 9.1)."""
    at = 0
    for _ in range(count):
        zeros = bits.index("1", at) - at
        at += 2 * zeros + 1
    return at
