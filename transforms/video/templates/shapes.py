"""Shapes that templates draw: values, so that frames are compared shape by shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeVar

from transforms.pictures.template import Template
from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import BODY, LEADING_TIGHT, STRONG, Colour, Palette, mix
from transforms.video.draw.typeset import Block, Typesetter
from transforms.video.templates.hues import hue

_Template = TypeVar("_Template", bound=Template)

Point = tuple[float, float]
Shown = Mapping[str, float]
"""How far each element and state is shown, 0-1."""

SMALLEST = 20.0
"""Design pixels of the smallest letters in a picture."""
_ROUNDING = 1.0
"""Pixels by which lines of whole pixels may be higher than their box on a small slide."""
LETTER = 14.5
"""Width of a letter of a label of 26 to 28 pixels, at most on average."""
_WIDEST = 0.6
"""Width of a letter at most, on average over a long word, as a part of its size."""


@dataclass(frozen=True)
class View:
    """The room for a picture, its colours and its language.

    Attributes:
        area: the room; it may be half as wide or half as high as usual.
        palette: colours.
        language: tag of the language in which labels are written.
        peers: all pictures that are drawn to one scale; only this one if none is beside it.
    """

    area: Box
    palette: Palette
    language: str
    peers: tuple[Template, ...] = ()

    def alike(self, picture: _Template) -> Sequence[_Template]:
        """Return the pictures that share the scale of this one, with itself."""
        return [peer for peer in self.peers if isinstance(peer, type(picture))] or [picture]

    def fade(self, colour: Colour, share: float) -> Colour:
        """Return a colour that has appeared in part."""
        return mix(self.palette.background, colour, share)

    @property
    def second(self) -> Colour:
        """Return a colour of another hue than the accent."""
        return hue("second", self.palette)


@dataclass(frozen=True)
class Rect:
    """A rectangle, filled; with an outline of another colour if one is given."""

    box: Box
    colour: Colour
    radius: float = 0.0
    outline: Colour | None = None

    @property
    def bounds(self) -> Box:
        return self.box

    def paint(self, canvas: Canvas) -> None:
        if self.box.width > 0.5 and self.box.height > 0.5:
            radius = min(self.radius, self.box.width / 2, self.box.height / 2)
            canvas.rounded(self.box, self.colour, radius, self.outline)


@dataclass(frozen=True)
class Disc:
    """A filled circle."""

    x: float
    y: float
    radius: float
    colour: Colour

    @property
    def bounds(self) -> Box:
        return Box(self.x - self.radius, self.y - self.radius, 2 * self.radius, 2 * self.radius)

    def paint(self, canvas: Canvas) -> None:
        if self.radius > 0.5:
            canvas.disc(self.x, self.y, self.radius, self.colour)


@dataclass(frozen=True)
class Line:
    """A line with round joints."""

    points: tuple[Point, ...]
    colour: Colour
    thickness: float

    @property
    def bounds(self) -> Box:
        return _around(self.points).inset(-self.thickness)

    def paint(self, canvas: Canvas) -> None:
        canvas.line(self.points, self.colour, self.thickness)


@dataclass(frozen=True)
class Polygon:
    """A filled polygon."""

    points: tuple[Point, ...]
    colour: Colour

    @property
    def bounds(self) -> Box:
        return _around(self.points)

    def paint(self, canvas: Canvas) -> None:
        canvas.polygon(self.points, self.colour)


@dataclass(frozen=True)
class Text:
    """Text in a box, at the largest size up to `size` at which it fits."""

    text: str
    box: Box
    colour: Colour
    size: float = 26.0
    align: str = "center"
    strong: bool = True
    lines: int = 1

    @property
    def bounds(self) -> Box:
        return self.box

    def paint(self, canvas: Canvas) -> None:
        if self.text:
            block = fitted(self, canvas.scale, canvas.typesetter)
            canvas.text(block, self.box, self.colour, self.align, middle=True)


class Shape(Protocol):
    """A value that can be painted; equal shapes look alike."""

    @property
    def bounds(self) -> Box: ...

    def paint(self, canvas: Canvas) -> None: ...


def arrow(start: Point, to: Point, colour: Colour, thickness: float) -> list[Shape]:
    """Return a straight arrow along an axis; nothing if it has no length."""
    (x0, y0), (x1, y1) = start, to
    length = abs(x1 - x0) + abs(y1 - y0)
    if length < 2:
        return []
    head = min(length, 2.0 * thickness)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    bx, by = x1 - ux * head, y1 - uy * head
    half, wide = thickness / 2, thickness * 1.3
    points = (
        (x0 - uy * half, y0 + ux * half),
        (bx - uy * half, by + ux * half),
        (bx - uy * wide, by + ux * wide),
        (x1, y1),
        (bx + uy * wide, by - ux * wide),
        (bx + uy * half, by - ux * half),
        (x0 + uy * half, y0 - ux * half),
    )
    return [Polygon(points, colour)]


def size_for_words(text: str, width: float, largest: float) -> float:
    """Return a size at which the longest word of a text fits into a width, so that none breaks."""
    longest = max(map(len, text.split()), default=1)
    return max(SMALLEST, min(largest, width / (_WIDEST * longest)))


def ease(share: float) -> float:
    """Return the eased share of a motion: slow at both ends."""
    return share * share * (3 - 2 * share)


def of_range(share: float, start: float, end: float) -> float:
    """Return how much of the range from `start` to `end` a share has passed, 0-1."""
    return min(1.0, max(0.0, (share - start) / (end - start)))


def _around(points: tuple[Point, ...]) -> Box:
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


@lru_cache(maxsize=512)  # most texts are the same in every frame
def _fit(
    text: str, width: float, height: float, size: float, strong: bool, lines: int, scale: float,
    typesetter: Typesetter,
) -> Block:  # fmt: skip
    sizes = [size * scale]
    while sizes[-1] > SMALLEST * scale:
        sizes.append(max(SMALLEST * scale, sizes[-1] - 2 * scale))
    style = STRONG if strong else BODY
    return typesetter.fit(
        text, width * scale, height * scale + _ROUNDING, sizes, style=style, leading=LEADING_TIGHT,
        max_lines=lines, balance=lines > 1,
    )  # fmt: skip


def fitted(text: Text, scale: float, typesetter: Typesetter) -> Block:
    """Return the lines of a text at the largest size at which it fits into its box."""
    width, height = round(text.box.width, 3), round(text.box.height, 3)
    return _fit(
        text.text, width, height, text.size, text.strong, text.lines, scale, typesetter
    )  # fmt: skip
