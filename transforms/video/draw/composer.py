"""The pictures of one shot, of which only what changed is drawn anew."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from transforms.video.draw.canvas import Pixels
from transforms.video.draw.slides import Sketch, caption_box, draw_caption, draw_progress
from transforms.video.encode.planes import Plane, Planes, empty_planes, to_planes
from transforms.video.plan.storyboard import Shot
from transforms.video.plan.timeline import EXIT, FADE, State, change_points

DRAWING = Lock()
"""Fonts are shared between threads but not made for it, and a slide that is being drawn takes much
memory; it is the encoder that gains from several threads."""


def pictures(
    shot: Shot, sections: int, width: int, height: int, *, clears: bool
) -> Iterator[tuple[int, Plane]]:
    """Every picture of a shot that differs from the one before it.

    Args:
        shot: the shot.
        sections: sections of the whole lesson.
        width: pixels, even.
        height: pixels, even.
        clears: whether the slide clears at its end.

    Yields:
        A frame, counted from the start of the shot, and its yuv420p buffer, shape
        (height * 3 / 2, width). The buffer is the same every time: use it before going on.
    """
    with DRAWING:
        sketch = Sketch(shot.page, width, height)
        body, strip = sketch.body, sketch.strip
        blank = to_planes(sketch.picture).part(body) if clears else None
        boxes = sketch.begin()
        foot = sketch.picture.crop(caption_box(width, height))
        base = to_planes(sketch.picture)
        sketch.finish()
        parts = [_trimmed(box, to_planes(sketch.picture.crop(box)), base) for box in boxes]
        del sketch  # its picture need not wait in memory until the encoder is done
    buffer, picture = empty_planes(width, height)
    picture.put(base)
    standing: Planes | None = None
    before = State((0,) * len(parts), 0, -1.0)
    length = shot.length - shot.still
    said = [frame for frame, _ in shot.captions]
    for frame, state in change_points(
        shot.reveals, length, shot.progress, clears=clears, captions=said
    ):
        for (box, part), was, shown in zip(parts, before.shown, state.shown, strict=True):
            if was != shown:
                picture.part(box).put(base.part(box).mixed(part, shown, FADE))
        if state.progress != before.progress:
            bar = draw_progress(shot.page, strip, height, shot.section, sections, state.progress)
            picture.part((0, 0, *bar.size)).put(to_planes(bar))
        if state.caption != before.caption:
            words = draw_caption(shot.page, foot, height, shot.captions[state.caption - 1][1])
            picture.part(caption_box(width, height)).put(to_planes(words))
        if state.cleared and blank is not None:
            if standing is None:
                if not shot.captions:  # one that comes now is to clear with the rest
                    body, blank = _trimmed(body, blank, picture)
                standing = picture.part(body).copy()
            picture.part(body).put(standing.mixed(blank, state.cleared, EXIT))
        before = state
        yield frame, buffer


def _trimmed(box: Pixels, part: Planes, whole: Planes) -> tuple[Pixels, Planes]:
    """A part of a picture cut down to what differs from the whole, and where that is."""
    left, top, right, bottom = inner = part.change(whole.part(box))
    x, y, _, _ = box
    return (x + left, y + top, x + right, y + bottom), part.part(inner)
