"""Layout of worked examples: a formula and the steps that lead to its result."""

from __future__ import annotations

from transforms.model import Visual
from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import GUTTER, Palette
from transforms.video.draw.elements import Element
from transforms.video.pictures.panels import formula, is_wide_formula
from transforms.video.pictures.sequences import step_column

_SHARE = 0.38
"""Share of the width or height that the formula takes."""


def worked_example(
    canvas: Canvas, visual: Visual, area: Box, palette: Palette, *, full_width: bool
) -> list[Element]:
    """Lay out a formula, visible from the beginning, and its steps; the last one is emphasised.

    Args:
        full_width: the area is the whole width of the slide.
    """
    bare_formula = Visual("formula", visual.text)
    width = (area.width - GUTTER) * _SHARE
    if full_width and not is_wide_formula(canvas, bare_formula, width):
        left = Box(area.x, area.y, width, area.height)
        right = Box(left.right + GUTTER, area.y, area.width - GUTTER - width, area.height)
        steps = step_column(canvas, visual.items, right, palette, result=True)
        return [formula(canvas, bare_formula, left, palette), *steps]
    top = Box(area.x, area.y, area.width, area.height * _SHARE)
    head = formula(canvas, bare_formula, top, palette)
    y = head.box.bottom + 20
    below = Box(area.x, y, area.width, area.bottom - y)
    return [head, *step_column(canvas, visual.items, below, palette, result=True)]
