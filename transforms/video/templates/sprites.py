"""Base drawings and icons as shapes: painted once, then copied into each frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

from transforms.pictures.base_drawings import (
    ICON_SIDE,
    BaseDrawing,
    Place,
    Shape,
    base_drawing,
    icons,
)
from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import Colour, Palette, mix
from transforms.video.draw.svg_path import strokes_of
from transforms.video.draw.typeset import Typesetter
from transforms.video.templates.hues import hue

_DIMMED = 0.64
"""Share of the background in the parts that are not highlighted."""


@dataclass(frozen=True)
class Sprite:
    """A base drawing in a box of its proportions, on the background of the slide.

    Attributes:
        name: of the drawing.
        box: its room.
        palette: colours.
        old: highlighted parts before the change; all if empty.
        new: highlighted parts after it.
        share: how far the change is, 0-1.
        seen: how far the drawing has appeared, 0-1.
    """

    name: str
    box: Box
    palette: Palette
    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    share: float = 1.0
    seen: float = 1.0

    @property
    def bounds(self) -> Box:
        return self.box

    def paint(self, canvas: Canvas) -> None:
        place = canvas.pixels(self.box)
        size = (place[2] - place[0], place[3] - place[1])
        if self.seen <= 0 or min(size) <= 0:
            return
        look = (self.name, self.palette, size, canvas.scale, canvas.typesetter)
        image = _layer(*look, self.new)
        if self.share < 1:
            image = Image.blend(_layer(*look, self.old), image, self.share)
        if self.seen < 1:
            empty = Image.new("RGB", size, self.palette.background)
            image = Image.blend(empty, image, self.seen)
        canvas.image.paste(image, place[:2])


@dataclass(frozen=True)
class Icon:
    """An icon in a square, on a ground of one colour; that of the slide if none is given."""

    name: str
    box: Box
    palette: Palette
    seen: float = 1.0
    ground: Colour | None = None

    @property
    def bounds(self) -> Box:
        ink, scale = icon_ink(self.name), self.box.width / ICON_SIDE
        return Box(
            self.box.x + ink.x * scale, self.box.y + ink.y * scale,
            ink.width * scale, ink.height * scale,
        )  # fmt: skip

    def paint(self, canvas: Canvas) -> None:
        if self.seen > 0:
            ground = self.ground or self.palette.background
            drawing = icons()[self.name]
            _draw(drawing, canvas, self.box, self.palette, lambda _: 1 - self.seen, ground)


def standing(name: str, place: Box) -> Box:
    """Return the square in which an icon's drawn part fills a place, at its bottom."""
    ink = icon_ink(name)
    scale = min(place.width / ink.width, place.height / ink.height)
    x = place.x + place.width / 2 - (ink.x + ink.width / 2) * scale
    return Box(x, place.bottom - ink.bottom * scale, ICON_SIDE * scale, ICON_SIDE * scale)


@lru_cache
def icon_ink(name: str) -> Box:
    """Return the part of an icon's square that is drawn on."""
    lefts, tops, rights, bottoms = zip(*map(_ink, icons()[name].shapes), strict=True)
    left, top = min(lefts), min(tops)
    return Box(left, top, max(rights) - left, max(bottoms) - top)


def _ink(shape: Shape) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a shape with its outline."""
    around = shape.width / 2 if shape.line else 0.0
    if shape.circle:
        x, y, radius = shape.circle
        xs, ys, around = [x], [y], radius + around
    else:
        points = [point for stroke in strokes_of(shape.path) for point in stroke.points]
        xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs) - around, min(ys) - around, max(xs) + around, max(ys) + around


def place_of(name: str, box: Box, anchor: str) -> Place:
    """Return where an anchor of a base drawing lies whose box is given."""
    drawing = base_drawing(name)
    x, y = drawing.anchors[anchor]
    scale = box.width / drawing.size[0]
    return box.x + x * scale, box.y + y * scale


def fitted(name: str, room: Box) -> Box:
    """Return the largest box of a base drawing's proportions in the middle of a room."""
    wide, high = base_drawing(name).size
    scale = min(room.width / wide, room.height / high)
    width, height = wide * scale, high * scale
    return Box(
        room.x + (room.width - width) / 2, room.y + (room.height - height) / 2, width, height
    )


@lru_cache(maxsize=24)  # at 1280 x 720 about 0.7 MB each
def _layer(
    name: str, palette: Palette, size: tuple[int, int], scale: float, typesetter: Typesetter,
    bright: Sequence[str],
) -> Image.Image:  # fmt: skip
    image = Image.new("RGB", size, palette.background)
    canvas = Canvas(image, scale, palette.background, typesetter)
    drawing = base_drawing(name)
    dims = {
        part: 0.0 if not bright or part in bright else _DIMMED for part in ("", *drawing.parts())
    }
    room = Box(0, 0, size[0] / scale, size[1] / scale)
    _draw(drawing, canvas, room, palette, dims.__getitem__, palette.background)
    return image


def _draw(
    drawing: BaseDrawing, canvas: Canvas, box: Box, palette: Palette,
    dim: Callable[[str], float], ground: Colour,
) -> None:  # fmt: skip
    scale = box.width / drawing.size[0]
    for shape in drawing.shapes:
        fill, line = (
            mix(hue(name, palette), ground, dim(shape.part)) if name else None
            for name in (shape.fill, shape.line)
        )
        if shape.circle:
            x, y, radius = shape.circle
            middle = (box.x + x * scale, box.y + y * scale)
            _draw_circle(canvas, middle, radius * scale, shape.width * scale, fill, line)
            continue
        for stroke in strokes_of(shape.path):
            points = [(box.x + x * scale, box.y + y * scale) for x, y in stroke.points]
            if fill and len(points) > 2:
                canvas.polygon(points, fill)
            if line:
                around = [*points, points[0]] if stroke.closed else points
                canvas.stroke(around, line, shape.width * scale)


def _draw_circle(
    canvas: Canvas, middle: Place, radius: float, width: float, fill: Colour | None,
    line: Colour | None,
) -> None:  # fmt: skip
    if line:
        canvas.disc(*middle, radius + width / 2, line)
    if fill:
        canvas.disc(*middle, radius - (width / 2 if line else 0), fill)
