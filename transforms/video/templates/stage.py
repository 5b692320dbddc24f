"""Frames of a picture: only the rectangle around the shapes that changed is drawn again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from PIL import Image

from transforms.pictures.picture import Picture
from transforms.pictures.template import Beat
from transforms.video.draw.canvas import Box, Canvas, Pixels
from transforms.video.draw.design import Palette
from transforms.video.templates.algebra import draw_algebra
from transforms.video.templates.bars import draw_bars
from transforms.video.templates.beside import rooms_beside
from transforms.video.templates.bodies import draw_bodies
from transforms.video.templates.cells import draw_cells
from transforms.video.templates.drawing import draw_drawing
from transforms.video.templates.graph import draw_graph
from transforms.video.templates.particles import draw_particles
from transforms.video.templates.plot import draw_plot
from transforms.video.templates.prints import Press, Printed
from transforms.video.templates.shapes import Line, Shape, Shown, Text, View, ease, of_range
from transforms.video.templates.timeline import draw_timeline

_DRAWINGS: Mapping[str, Callable[[Any, View, Shown], Iterable[Shape]]] = {
    "algebra": draw_algebra,
    "bars": draw_bars,
    "bodies": draw_bodies,
    "cells": draw_cells,
    "drawing": draw_drawing,
    "graph": draw_graph,
    "particles": draw_particles,
    "plot": draw_plot,
    "timeline": draw_timeline,
}
_STACKED: Mapping[str, Callable[[Any], object]] = {
    "bars": lambda bars: len(bars.bars) <= 2,
    "bodies": lambda bodies: not bodies.upright and len(bodies.bodies) == 1,
    "cells": lambda cells: cells.cells and not cells.sort,
    "drawing": lambda drawing: drawing.zoom,
}
"""Templates that have the picture beside them below instead, and when."""
_STEADY = frozenset({"move"})
"""Verbs whose time is not eased: the template computes the motion."""
_CAPTION = 48.0
"""Design pixels of a caption and the gap below it."""
_AROUND = 16.0
"""Design pixels around the room of a picture that smooth edges and the first lane may touch."""


def draw_picture(picture: Picture, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of a picture, and of the one beside it as far as that is shown."""
    if picture.caption:
        area = view.area
        room = Box(area.x, area.y, area.width, _CAPTION - 12)
        yield Text(picture.caption, room, view.palette.muted, 28, "start")
        below = Box(area.x, area.y + _CAPTION, area.width, area.height - _CAPTION)
        view = replace(view, area=below)
    drawing = _DRAWINGS[picture.template]
    if picture.second is None:
        yield from drawing(picture, replace(view, peers=(picture,)), shown)
        return
    share = shown[picture.beside]
    peers = (picture.first, picture.second)
    rooms = rooms_beside(view.area, share, down=_stacks(picture))
    yield from drawing(picture.first, replace(view, area=rooms.first, peers=peers), shown)
    seen = of_range(share, 0.5, 1)
    if seen:
        yield Line(rooms.divider, view.fade(view.palette.line, seen), 3)
        faded = {name: seen * each for name, each in shown.items()}
        yield from drawing(picture.second, replace(view, area=rooms.second, peers=peers), faded)


class Change(NamedTuple):
    """A rectangle of a slide, and what is in it now."""

    box: Pixels
    image: Image.Image


class Stage:
    """Draws one picture of a slide in any state.

    Args:
        canvas: the slide without the picture.
        picture: the picture.
        area: its room.
        palette: colours of the slide.

    Attributes:
        room: rectangle that holds everything that is drawn.
    """

    def __init__(self, canvas: Canvas, picture: Picture, area: Box, palette: Palette) -> None:
        self._picture = picture
        self._view = View(area, palette, canvas.typesetter.language)
        self._ground = canvas.image.copy()
        # Directions, axes and lists keep their sense in right-to-left lessons.
        self._canvas = Canvas(
            canvas.image.copy(), canvas.scale, canvas.background, canvas.typesetter
        )
        self._press = Press(self._canvas)
        self._printed: dict[Shape, Printed] = {}
        self.room: Pixels = canvas.pixels(area.inset(-_AROUND))

    def first(self) -> Pixels:
        """Draw the state before the first beat; return the rectangle that changed."""
        return self.draw(self._picture.at_start())

    def last(self) -> Pixels:
        """Draw the state after the last beat; return the rectangle that changed."""
        return self.draw(self._picture.at_end())

    def show(self, shares: Sequence[float]) -> Pixels:
        """Draw the state in which each beat has run for a share of its time; as `draw`."""
        return self._put(self.changes(shares))

    def draw(self, shown: Shown) -> Pixels:
        """Draw a state on the slide; return the rectangle that changed, at least 2 x 2 pixels."""
        return self._put(self._change(shown))

    def changes(self, shares: Sequence[float]) -> list[Change]:
        """Return what changes when each beat has run for a share of its time.

        The rectangles do not overlap. They are not drawn on the slide, so `part` does not have
        them.
        """
        shown = self._picture.at_start()
        for beat, share in zip(self._picture.beats, shares, strict=True):
            shown[beat.show] = max(self._eased(beat, share), 0.0)
        return self._change(shown)

    def _put(self, changes: Sequence[Change]) -> Pixels:
        for box, image in changes:
            self._canvas.image.paste(image, box)
        return _union([box for box, _ in changes])

    def _change(self, shown: Shown) -> list[Change]:
        old, now = self._printed, {}
        for shape in draw_picture(self._picture, self._view, shown):
            now[shape] = old.get(shape) or self._press.print(shape)
        changed = [each.box for shape, each in now.items() if shape not in old]
        changed += [each.box for shape, each in old.items() if shape not in now]
        self._printed = now
        changes = []
        for box in _apart([box for box in changed if box[0] < box[2] and box[1] < box[3]]):
            image = self._ground.crop(box)
            for each in now.values():
                if _meets(each.box, box):
                    each.paste(image, box)
            changes.append(Change(box, image))
        return changes

    def part(self, box: Pixels) -> Image.Image:
        """Return a rectangle that `draw` has returned, as it is now."""
        return self._canvas.image.crop(box)

    def _eased(self, beat: Beat, share: float) -> float:
        states = self._picture.states
        steady = beat.show in states and self._picture.verb(beat.show)[0] in _STEADY
        return share if steady else ease(share)


def _stacks(picture: Picture) -> bool:
    return bool(_STACKED.get(picture.template, lambda _: False)(picture))


def _union(boxes: Sequence[Pixels]) -> Pixels:
    if not boxes:
        return 0, 0, 2, 2
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _apart(boxes: list[Pixels]) -> list[Pixels]:
    """Return rectangles that cover all given ones and do not overlap."""
    apart: list[Pixels] = []
    for box in boxes:
        whole = box
        while meeting := [each for each in apart if _meets(each, whole)]:
            apart = [each for each in apart if each not in meeting]
            whole = _union([whole, *meeting])
        apart.append(whole)
    return sorted(apart)


def _meets(one: Pixels, other: Pixels) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
