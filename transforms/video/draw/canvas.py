"""Anti-aliased drawing on a picture, in design pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import ceil, floor, hypot
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from transforms.video.draw.design import Colour, mix
from transforms.video.draw.fonts import Style
from transforms.video.draw.typeset import Block, Typesetter, draw_block

_SAMPLES = 4
"""Masks are drawn this many times larger and then reduced: Pillow does not anti-alias shapes."""

_LARGE_MASK = 1 << 15
"""Area in pixels from which drawing a mask in parts saves time and memory."""

Pixels = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the picture."""

_Kind = Literal["rounded", "line", "stroke", "polygon"]

ToMask = Callable[[float, float], tuple[float, float]]
"""Converts a point from design pixels to pixels of a mask."""


@dataclass(frozen=True)
class Box:
    """A rectangle in design pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def inset(self, across: float, down: float | None = None) -> Box:
        """Return the box reduced by a margin on each side."""
        down = across if down is None else down
        return Box(self.x + across, self.y + down, self.width - 2 * across, self.height - 2 * down)


class Canvas:
    """Draws text and shapes on a picture.

    Args:
        image: RGB; modified in place.
        scale: pixels per design pixel.
        background: colour that `shade` mixes with.
        typesetter: sets the text.
        rtl: mirror the layout, for right-to-left languages.
    """

    def __init__(
        self,
        image: Image.Image,
        scale: float,
        background: Colour,
        typesetter: Typesetter,
        rtl: bool = False,
    ) -> None:
        self.image = image
        self.background = background
        self.scale = scale
        self.width = image.width / self.scale
        self.typesetter = typesetter
        self.rtl = rtl

    def pixels(self, box: Box) -> Pixels:
        """Return a box in pixels, clipped to the picture, with even edges (4:2:0 chroma)."""
        left = self.width - box.right if self.rtl else box.x
        edges = (left, box.y, left + box.width, box.y + box.height)
        x0, y0 = (max(0, floor(edge * self.scale / 2) * 2) for edge in edges[:2])
        x1, y1 = (ceil(edge * self.scale / 2) * 2 for edge in edges[2:])
        return x0, y0, min(x1, self.image.width), min(y1, self.image.height)

    def fit(
        self,
        text: str,
        width: float,
        height: float,
        sizes: Sequence[float],
        *,
        style: Style,
        leading: float,
        max_lines: int = 99,
        balance: bool = False,
    ) -> Block:
        """Call `Typesetter.fit` with lengths in design pixels; the returned block is in pixels."""
        return self.typesetter.fit(
            text,
            width * self.scale,
            height * self.scale,
            [size * self.scale for size in sizes],
            style=style,
            leading=leading,
            max_lines=max_lines,
            balance=balance,
        )

    def height_of(self, block: Block) -> float:
        """Return the height of a block in design pixels."""
        return block.height / self.scale

    def text(
        self, block: Block, box: Box, colour: Colour, align: str = "start", middle: bool = False
    ) -> None:
        """Draw a block in a box.

        Args:
            align: ``start``, ``center`` or ``end``; a mirrored layout swaps start and end.
            middle: centre the block vertically; otherwise it is at the top.
        """
        if middle:
            spare = max(0.0, box.height - self.height_of(block)) / 2
            box = Box(box.x, box.y + spare, box.width, box.height - spare)
        sides = ("right", "left") if self.rtl else ("left", "right")
        where = {"start": sides[0], "end": sides[1]}.get(align, align)
        draw_block(self.image, block, self.pixels(box), colour, where)

    def rounded(
        self, box: Box, colour: Colour, radius: float = 0, outline: Colour | None = None
    ) -> None:
        """Fill a rectangle with rounded corners; `outline` draws a thin border inside it."""
        if outline:
            self.rounded(box, outline, radius)
            border = max(1.0, round(1.5 * self.scale)) / self.scale
            box, radius = box.inset(border), radius - border

        corners = ((box.x, box.y), (box.right, box.bottom))
        self._paint_points(box, colour, "rounded", corners, radius, edge=radius)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        self.rounded(Box(x - radius, y - radius, 2 * radius, 2 * radius), colour, radius)

    def ring(self, x: float, y: float, radius: float, colour: Colour, thickness: float) -> None:
        """Stroke a circle inside its edge."""

        def paint(draw: ImageDraw.ImageDraw, point: ToMask, unit: float) -> None:
            cx, cy = point(x, y)
            r = radius * unit
            draw.ellipse(
                (cx - r, cy - r, cx + r, cy + r), outline=255, width=round(thickness * unit)
            )

        self._paint_masked(Box(x - radius, y - radius, 2 * radius, 2 * radius), colour, paint)

    def line(self, points: Sequence[tuple[float, float]], colour: Colour, thickness: float) -> None:
        """Stroke a line with round joints."""
        xs, ys = zip(*points, strict=True)
        bounds = Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)).inset(-thickness)

        self._paint_points(bounds, colour, "line", points, thickness)

    def stroke(
        self, points: Sequence[tuple[float, float]], colour: Colour, thickness: float
    ) -> None:
        """Stroke a line with round joints and round ends, at any thickness and bend."""
        xs, ys = zip(*points, strict=True)
        bounds = Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)).inset(-thickness)
        self._paint_points(bounds, colour, "stroke", points, thickness)

    def polygon(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon."""
        xs, ys = zip(*points, strict=True)
        bounds = Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))

        self._paint_points(bounds, colour, "polygon", points)

    def shade(self, colour: Colour, share: float) -> Colour:
        """Return the background mixed with `share` (0-1) of a colour."""
        return mix(self.background, colour, share)

    def _paint_points(
        self,
        bounds: Box,
        colour: Colour,
        kind: _Kind,
        points: Sequence[tuple[float, float]],
        length: float = 0.0,
        edge: float | None = None,
    ) -> None:
        """Paint a shape of points through a mask; as `_paint_masked`.

        The mask of a small shape is kept, wherever it stands: many move, or change their colour.

        Args:
            kind: shape.
            points: its points.
            length: radius of its corners, or thickness of its line.
        """
        left, top, right, bottom = self.pixels(bounds)
        size = (right - left, bottom - top)
        if 0 < size[0] * size[1] < _LARGE_MASK and min(size) > 0:
            unit = self.scale * _SAMPLES
            places = tuple(
                (
                    round((self.width - x if self.rtl else x) * unit) - left * _SAMPLES,
                    round(y * unit) - top * _SAMPLES,
                )
                for x, y in points
            )
            mask = _small_mask(kind, size, places, round(length * unit))
            self.image.paste(colour, (left, top), mask)
            return

        def paint(draw: ImageDraw.ImageDraw, point: ToMask, unit: float) -> None:
            _draw_points(draw, kind, [point(x, y) for x, y in points], round(length * unit))

        self._paint_masked(bounds, colour, paint, edge)

    def _paint_masked(
        self,
        bounds: Box,
        colour: Colour,
        paint: Callable[[ImageDraw.ImageDraw, ToMask, float], None],
        edge: float | None = None,
    ) -> None:
        """Paint a colour through a mask.

        Args:
            bounds: area of the mask.
            paint: draws the mask.
            edge: size of the corners. Farther from the edges, all rows and all columns are equal,
                so a large mask is drawn once and repeated there.
        """
        left, top, right, bottom = self.pixels(bounds)
        if right <= left or bottom <= top:
            return
        unit = self.scale * _SAMPLES
        size = (right - left, bottom - top)
        # Pixels drawn at each side; the bounds are less than two pixels inside the mask.
        kept = max(size)
        if edge is not None and size[0] * size[1] >= _LARGE_MASK:
            kept = ceil(edge * self.scale) + 3
        cut_x, cut_y = (max(0, side - 2 * kept - 1) for side in size)

        def point(x: float, y: float) -> tuple[float, float]:
            x = round((self.width - x if self.rtl else x) * unit) - left * _SAMPLES
            y = round(y * unit) - top * _SAMPLES
            x -= cut_x * _SAMPLES if x > kept * _SAMPLES else 0
            y -= cut_y * _SAMPLES if y > kept * _SAMPLES else 0
            return x, y

        large = Image.new("L", ((size[0] - cut_x) * _SAMPLES, (size[1] - cut_y) * _SAMPLES))
        paint(ImageDraw.Draw(large), point, unit)
        mask = large.reduce(_SAMPLES)
        if cut_x or cut_y:
            mask = _repeat_middle(mask, kept, cut_x, cut_y)
        self.image.paste(colour, (left, top), mask)


@lru_cache(maxsize=512)
def _small_mask(
    kind: _Kind, size: tuple[int, int], points: Sequence[tuple[int, int]], length: int
) -> Image.Image:
    large = Image.new("L", (size[0] * _SAMPLES, size[1] * _SAMPLES))
    _draw_points(ImageDraw.Draw(large), kind, points, length)
    return large.reduce(_SAMPLES)


def _draw_points(
    draw: ImageDraw.ImageDraw, kind: _Kind, points: Sequence[tuple[float, float]], length: float
) -> None:
    if kind == "rounded":
        (x0, y0), (x1, y1) = points
        corners = (min(x0, x1), y0, max(x0, x1) - 1, y1 - 1)
        draw.rounded_rectangle(corners, length, fill=255)
    elif kind == "line":
        draw.line(points, 255, round(length), "curve")
    elif kind == "stroke":
        _draw_stroke(draw, points, length / 2)
    else:
        draw.polygon(points, fill=255)


def _draw_stroke(
    draw: ImageDraw.ImageDraw, points: Sequence[tuple[float, float]], half: float
) -> None:
    for x, y in points:
        draw.ellipse((x - half, y - half, x + half, y + half), fill=255)
    for (x0, y0), (x1, y1) in pairwise(points):
        long = hypot(x1 - x0, y1 - y0) or 1.0
        dx, dy = (y0 - y1) / long * half, (x1 - x0) / long * half
        corners = ((x0 + dx, y0 + dy), (x1 + dx, y1 + dy), (x1 - dx, y1 - dy))
        draw.polygon((*corners, (x0 - dx, y0 - dy)), fill=255)


def _repeat_middle(mask: Image.Image, at: int, across: int, down: int) -> Image.Image:
    """Repeat one column and one row of a mask, `across` and `down` more times."""
    pixels = np.asarray(mask)
    for axis, more in ((0, down), (1, across)):
        times = np.ones(pixels.shape[axis], np.intp)
        times[at : at + 1] += more
        pixels = pixels.repeat(times, axis)
    return Image.fromarray(pixels)
