"""Frames of one shot: only the regions that change are drawn again."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from transforms.video.draw.canvas import Pixels
from transforms.video.encode.planes import Plane, Planes, empty_planes, to_planes
from transforms.video.plan.storyboard import Shot
from transforms.video.plan.timeline import EXIT, FADE, SlideState, change_points
from transforms.video.slides.draw_slide import (
    SlideDrawing,
    caption_box,
    draw_caption,
    draw_progress,
)

DRAW_LOCK = Lock()
"""Serialises drawing. The shared fonts are not thread-safe and drawing needs much memory; only
encoding profits from several threads.
"""


def pictures(
    shot: Shot, sections: int, width: int, height: int, *, clears: bool
) -> Iterator[tuple[int, Plane]]:
    """Yield every picture of a shot that differs from the one before it.

    Args:
        shot: slide and timing.
        sections: number of sections of the lesson.
        width: pixels, even.
        height: pixels, even.
        clears: fade the slide out at its end.

    Yields:
        The frame number, relative to the start of the shot, and the yuv420p buffer, shape
        (height * 3 / 2, width). The buffer is reused: read it before the next iteration.
    """
    with DRAW_LOCK:
        drawing = SlideDrawing(shot.page, width, height)
        body, strip = drawing.body, drawing.strip
        blank = to_planes(drawing.picture).part(body) if clears else None
        boxes = drawing.draw_base()
        stage = drawing.stage
        caption_ground = drawing.picture.crop(caption_box(width, height))
        base = to_planes(drawing.picture)
        if stage is None:
            drawing.draw_elements()
        parts = [_crop_to_change(box, to_planes(drawing.picture.crop(box)), base) for box in boxes]
        del drawing  # frees its picture before the encoder runs
    buffer, picture = empty_planes(width, height)
    picture.put(base)
    complete: Planes | None = None
    before = SlideState((0,) * len(parts), 0, -1.0, beats=(0,) * len(shot.beats))
    length = shot.length - shot.still
    caption_frames = [frame for frame, _ in shot.captions]
    for frame, state in change_points(
        shot.reveals, length, shot.progress, clears=clears, captions=caption_frames,
        beats=shot.beats,
    ):  # fmt: skip
        for (box, part), was, shown in zip(parts, before.shown, state.shown, strict=True):
            if was != shown:
                picture.part(box).put(base.part(box).blend(part, shown, FADE))
        if stage is not None and state.beats != before.beats:
            shares = [run / of for run, (_, of) in zip(state.beats, shot.beats, strict=True)]
            with DRAW_LOCK:
                moved = [(box, to_planes(image)) for box, image in stage.changes(shares)]
            for box, planes in moved:
                picture.part(box).put(planes)
        if state.progress != before.progress:
            bar = draw_progress(shot.page, strip, height, shot.section, sections, state.progress)
            picture.part((0, 0, *bar.size)).put(to_planes(bar))
        if state.caption != before.caption:
            words = draw_caption(
                shot.page, caption_ground, height, shot.captions[state.caption - 1][1]
            )
            picture.part(caption_box(width, height)).put(to_planes(words))
        if state.cleared and blank is not None:
            if complete is None:
                if not shot.captions:  # a caption may still appear here and must clear too
                    body, blank = _crop_to_change(body, blank, picture)
                complete = picture.part(body).copy()
            picture.part(body).put(complete.blend(blank, state.cleared, EXIT))
        before = state
        yield frame, buffer


def _crop_to_change(box: Pixels, part: Planes, whole: Planes) -> tuple[Pixels, Planes]:
    """Crop a part of a picture to the rectangle that differs from the whole; return both."""
    left, top, right, bottom = inner = part.changed_box(whole.part(box))
    x, y, _, _ = box
    return (x + left, y + top, x + right, y + bottom), part.part(inner)
