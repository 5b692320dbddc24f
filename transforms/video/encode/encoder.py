"""H.264 encoding of one shot: only frames that change, on a 30 fps grid.

Most frames of a slide repeat the one before. They are left out, and the frame before is shown
longer (variable frame rate, as in screen recordings).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.video.frame import PictureType

from transforms.video.encode.planes import Plane
from transforms.video.plan.timeline import FPS

QP = 21
PRESET = "superfast"
KEY_FRAME_INTERVAL = 4 * FPS - 1
"""Maximum frames between key frames, which bounds the decoding after a seek. With the extra frame
that a segment may be extended by on the timeline, it is four seconds.
"""
BT709 = 1
"""Colour space, primaries and transfer (ITU-T H.273)."""
LIMITED_RANGE = 1

_GLOBAL_HEADER = 1 << 22
_OPTIONS = {
    "preset": PRESET,
    # Pictures are flat colours, letters and lines: a constant quantizer keeps their quality without
    # the analysis of each frame that `crf` and adaptive quantization need.
    "qp": str(QP),
    "profile": "high",
    "tune": "animation",
    "forced-idr": "1",
    # One thread and no CPU-specific shortcuts: the same bytes on every machine.
    "threads": "1",
    # No B-frames: every segment starts at its first frame, so segments join without edit lists.
    # No look-ahead, no sub-pixel search and no small partitions: most changes are in place.
    # Key frames get the better part (ipratio): most of what follows repeats them.
    # No deblocking filter: it blurs letters, and there is little else to smooth.
    # force-cfr: quality must not depend on frame durations, which need the next frame first.
    "x264-params": (
        f"keyint={10 * KEY_FRAME_INTERVAL}:min-keyint=1:scenecut=0:bframes=0:ref=1:weightp=0"
        ":rc-lookahead=0:mbtree=0:aq-mode=0:ipratio=1.8:subme=0:analyse=none:no-deblock=1:force-cfr=1"
        ":cpu-independent=1:sliced-threads=0:chromaloc=1"
    ),
}


@dataclass(frozen=True)
class AccessUnit:
    """One encoded video frame.

    Attributes:
        frame: number, relative to the start of its segment.
        data: H.264, Annex B.
        key: True for a key frame.
    """

    frame: int
    data: bytes
    key: bool


@dataclass(frozen=True)
class Segment:
    """The encoded frames of one shot; the first is an IDR frame.

    Attributes:
        units: in order.
        length: frames on the timeline.
        header: parameter sets, the same for all segments of a lesson.
    """

    units: tuple[AccessUnit, ...]
    length: int
    header: bytes


def configure(context: av.VideoCodecContext, width: int, height: int) -> None:
    """Configure a libx264 context with the settings shared by all segments."""
    context.width, context.height = width, height
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, FPS)
    context.framerate = Fraction(FPS)
    context.color_range = LIMITED_RANGE
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.thread_count = 1
    context.flags |= _GLOBAL_HEADER
    context.options = dict(_OPTIONS)


def encode(pictures: Iterable[tuple[int, Plane]], length: int, width: int, height: int) -> Segment:
    """Encode the pictures of a shot as one H.264 segment.

    Args:
        pictures: ascending frame numbers, starting with 0, and their yuv420p buffers.
        length: frames of the shot.
        width: pixels, even.
        height: pixels, even.
    """
    context = av.CodecContext.create("libx264", "w")
    configure(context, width, height)
    packets: list[av.Packet] = []
    for frame, buffer, key in _mark_key_frames(pictures, length):
        picture = av.VideoFrame.from_numpy_buffer(buffer, "yuv420p")
        picture.pts, picture.time_base = frame, Fraction(1, FPS)
        picture.pict_type = PictureType.I if key else PictureType.NONE
        packets += context.encode(picture)
    packets += context.encode(None)
    units = tuple(AccessUnit(int(p.pts), bytes(p), bool(p.is_keyframe)) for p in packets)
    return Segment(units, length, bytes(context.extradata))


def _mark_key_frames(
    pictures: Iterable[tuple[int, Plane]], length: int
) -> Iterator[tuple[int, Plane, bool]]:
    """Mark key frames, and repeat a still picture where the interval would be exceeded."""
    key = -KEY_FRAME_INTERVAL
    current: Plane | None = None
    for frame, buffer in pictures:
        while current is not None and frame > key + KEY_FRAME_INTERVAL:
            key += KEY_FRAME_INTERVAL
            yield key, current, True
        if frame >= key + KEY_FRAME_INTERVAL:
            key = frame
        yield frame, buffer, key == frame
        current = buffer
    while current is not None and length > key + KEY_FRAME_INTERVAL:
        key += KEY_FRAME_INTERVAL
        yield key, current, True
