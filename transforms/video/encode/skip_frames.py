"""A constant frame rate at next to no cost: frames that say "as before", written by hand.

Where the picture stands still, a P slice in which every macroblock is skipped (some thirty bytes)
shows it again (ITU-T H.264, 7.4.5). All such slices of a size are alike but for `frame_num`, which
counts the frames since the key frame; so one is made by the encoder, and numbered anew each time.
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
"""x264 takes the least there are while frames refer to one other only."""
_HEAD = 8
"""Bytes that surely hold a slice header up to `frame_num`."""
_START = b"\0\0\0\x01"
_START_CODE = re.compile(rb"\0\0\0?\x01")
_NEEDS_ESCAPE = re.compile(rb"\0\0(?=[\x00-\x03])")
_SLICE, _TYPE = 1, 0x1F
"""`nal_unit_type` of a slice of a frame that is no key frame, and the mask of its bits."""


def constant_rate(segment: Segment, width: int, height: int) -> Segment:
    """The same pictures, with a frame of its own for each tick of the clock.

    Args:
        segment: as `encode` made it.
        width: of its picture in pixels.
        height: of its picture in pixels.
    """
    skips = _skips(width, height)
    ends = [unit.frame for unit in segment.units[1:]] + [segment.length]
    units: list[AccessUnit] = []
    number = 0
    for unit, end in zip(segment.units, ends, strict=True):
        if unit.key:
            number = 0
            units.append(unit)
        else:
            number = (number + 1) % len(skips)
            units.append(replace(unit, data=_numbered(unit.data, number)))
        for frame in range(unit.frame + 1, end):
            number = (number + 1) % len(skips)
            units.append(AccessUnit(frame, skips[number], False))
    return replace(segment, units=tuple(units))


@lru_cache(maxsize=4)
def _skips(width: int, height: int) -> tuple[bytes, ...]:
    """A frame that shows the one before it again, for each value of `frame_num`."""
    context = av.CodecContext.create("libx264", "w")
    configure(context, width, height)
    grey = np.full((height * 3 // 2, width), 128, np.uint8)
    packets = []
    for frame in range(3):  # the second may still correct the first
        picture = av.VideoFrame.from_numpy_buffer(grey, "yuv420p")
        picture.pts, picture.time_base = frame, Fraction(1, FPS)
        packets += context.encode(picture)
    packets += context.encode(None)
    skip = bytes(packets[-1])
    return tuple(_numbered(skip, number) for number in range(1 << _FRAME_NUM_BITS))


def _numbered(data: bytes, number: int) -> bytes:
    """A frame with another `frame_num`.

    Args:
        data: one slice, Annex B, that belongs to no key frame.
    """
    (nal,) = (part for part in _START_CODE.split(data) if part)
    if nal[0] & _TYPE != _SLICE:
        raise ValueError(f"NAL unit of type {nal[0] & _TYPE} where a slice should be")
    raw = nal.replace(b"\0\0\3", b"\0\0")
    head = raw[1 : 1 + _HEAD]
    bits = "".join(f"{byte:08b}" for byte in head)
    at = _after_codes(bits, 3)  # first_mb_in_slice, slice_type, pic_parameter_set_id
    bits = f"{bits[:at]}{number:0{_FRAME_NUM_BITS}b}{bits[at + _FRAME_NUM_BITS :]}"
    raw = raw[:1] + int(bits, 2).to_bytes(len(head), "big") + raw[1 + len(head) :]
    return _START + _NEEDS_ESCAPE.sub(b"\0\0\3", raw)


def _after_codes(bits: str, count: int) -> int:
    """Where the bits after so many Exp-Golomb codes begin (ITU-T H.264, 9.1)."""
    at = 0
    for _ in range(count):
        zeros = bits.index("1", at) - at
        at += 2 * zeros + 1
    return at
