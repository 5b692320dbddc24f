"""Whole frames of a slide's picture, for engines that compose every frame."""

from __future__ import annotations

from PIL import Image

from transforms.video.draw.canvas import Pixels
from transforms.video.plan.storyboard import Shot
from transforms.video.plan.timeline import frames_run
from transforms.video.slides.composer import DRAW_LOCK
from transforms.video.slides.draw_slide import SlideDrawing


class MovingPicture:
    """Draws the room of a shot's picture at any frame.

    Args:
        shot: its page has a picture.
        width: pixels of the video.
        height: pixels of the video.

    Attributes:
        box: the room.
    """

    def __init__(self, shot: Shot, width: int, height: int) -> None:
        with DRAW_LOCK:
            drawing = SlideDrawing(shot.page, width, height)
            drawing.draw_base()
        assert drawing.stage is not None
        self._stage = drawing.stage
        self._beats = shot.beats
        self.box: Pixels = self._stage.room

    def at(self, frame: int) -> Image.Image:
        """Return the room as it is at a frame of the shot."""
        shares = [frames_run(frame - start, of) / of for start, of in self._beats]
        with DRAW_LOCK:
            self._stage.show(shares)
            return self._stage.part(self.box)


def moving_picture(shot: Shot, width: int, height: int) -> MovingPicture | None:
    """Return the picture of a shot; None if it has none that moves."""
    return MovingPicture(shot, width, height) if shot.beats else None
