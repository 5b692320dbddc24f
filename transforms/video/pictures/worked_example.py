"""A worked example: the formula, and the steps that lead to its result."""

from __future__ import annotations

from transforms.model import Visual
from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import GUTTER, Palette
from transforms.video.draw.elements import Element
from transforms.video.pictures.panels import formula, wide_formula
from transforms.video.pictures.sequences import step_column

_SHARE = 0.38
"""Part of the width, or of the height, that goes to the formula."""


def worked(
    canvas: Canvas, visual: Visual, area: Box, palette: Palette, *, alone: bool
) -> list[Element]:
    """The formula stands from the beginning; the last step, the result, stands out.

    Args:
        alone: the area is the whole width of the slide.
    """
    alone_formula = Visual("formula", visual.text)
    width = (area.width - GUTTER) * _SHARE
    if alone and not wide_formula(canvas, alone_formula, width):
        left = Box(area.x, area.y, width, area.height)
        right = Box(left.right + GUTTER, area.y, area.width - GUTTER - width, area.height)
        steps = step_column(canvas, visual.items, right, palette, result=True)
        return [formula(canvas, alone_formula, left, palette), *steps]
    top = Box(area.x, area.y, area.width, area.height * _SHARE)
    head = formula(canvas, alone_formula, top, palette)
    y = head.box.bottom + 20
    below = Box(area.x, y, area.width, area.bottom - y)
    return [head, *step_column(canvas, visual.items, below, palette, result=True)]
