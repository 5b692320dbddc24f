"""Prints of shapes: what a shape paints, kept so that it is painted once and copied afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from transforms.video.draw.canvas import Canvas, Pixels
from transforms.video.draw.design import Colour

_LARGE = 1 << 12
"""Area in pixels of a mask whose empty edges are worth cutting off."""


class Paintable(Protocol):
    """A value that paints itself by pasting colours or pictures, at best through masks."""

    def paint(self, canvas: Canvas) -> None: ...


@dataclass(frozen=True)
class Print:
    """A colour or a picture that is pasted at a place.

    Attributes:
        content: what is pasted.
        mask: where and how strongly; None for a whole picture.
        box: the place.
    """

    content: Colour | Image.Image
    mask: Image.Image | None
    box: Pixels

    def paste(self, image: Image.Image, clip: Pixels) -> None:
        """Paste the part that lies within a rectangle onto an image of this rectangle."""
        left, top = max(self.box[0], clip[0]), max(self.box[1], clip[1])
        right, bottom = min(self.box[2], clip[2]), min(self.box[3], clip[3])
        if left >= right or top >= bottom:
            return
        place = (left - clip[0], top - clip[1], right - clip[0], bottom - clip[1])
        part = (left - self.box[0], top - self.box[1], right - self.box[0], bottom - self.box[1])
        content, mask = self.content, self.mask
        if place[2] - place[0] < self.box[2] - self.box[0] or (
            place[3] - place[1] < self.box[3] - self.box[1]
        ):
            content = content.crop(part) if isinstance(content, Image.Image) else content
            mask = mask.crop(part) if mask else None
        image.paste(content, place, mask)


class _Recorder:
    """Takes the place of a canvas's image, and keeps what is pasted onto it."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.prints: list[Print] = []

    def paste(
        self, content: Colour | Image.Image, at: tuple[int, int], mask: Image.Image | None = None
    ) -> None:
        left, top = at
        if mask is not None and mask.width * mask.height > _LARGE:
            ink = mask.getbbox()
            if ink is None:
                return
            mask = mask.crop(ink)
            if isinstance(content, Image.Image):
                content = content.crop(ink)
            left, top = left + ink[0], top + ink[1]
        size = (mask or content).size  # type: ignore[union-attr]
        box = (left, top, left + size[0], top + size[1])
        self.prints.append(Print(content, mask, box))


@dataclass(frozen=True)
class Printed:
    """What a shape pastes, and the rectangle with even edges that holds it; empty for nothing."""

    prints: tuple[Print, ...]
    box: Pixels

    def paste(self, image: Image.Image, clip: Pixels) -> None:
        """Paste the part that lies within a rectangle onto an image of this rectangle."""
        for each in self.prints:
            each.paste(image, clip)


class Press:
    """Makes the prints of shapes on a slide.

    Args:
        canvas: gives size, scale and typesetter; it is not painted on.
    """

    def __init__(self, canvas: Canvas) -> None:
        width, height = canvas.image.size
        self._recorder = _Recorder(width, height)
        self._canvas = Canvas(
            self._recorder,  # type: ignore[arg-type]
            canvas.scale,
            canvas.background,
            canvas.typesetter,
            canvas.rtl,
        )

    def print(self, shape: Paintable) -> Printed:
        """Return the prints of a shape."""
        shape.paint(self._canvas)
        recorder = self._recorder
        prints, recorder.prints = tuple(recorder.prints), []
        if not prints:
            return Printed((), (0, 0, 0, 0))
        lefts, tops, rights, bottoms = zip(*(each.box for each in prints), strict=True)
        left, top = (max(0, edge - edge % 2) for edge in (min(lefts), min(tops)))
        right = min(recorder.width, max(rights) + max(rights) % 2)
        bottom = min(recorder.height, max(bottoms) + max(bottoms) % 2)
        return Printed(prints, (left, top, right, bottom))
