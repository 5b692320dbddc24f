"""What a scene shows besides its bullets, and how it is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transforms.model import Visual
from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import Palette
from transforms.video.draw.elements import Element, label
from transforms.video.pictures.charts import number_line, plot
from transforms.video.pictures.cycles import LEAST_STAGES, cycle
from transforms.video.pictures.panels import comparison, contrast_cards, definition, formula, quote
from transforms.video.pictures.sequences import step_column, step_row, timeline_column, timeline_row
from transforms.video.pictures.worked_example import worked

MOST_ITEMS = 6
_LISTS = frozenset({"steps", "process", "cycle", "timeline"})
_FIGURES = frozenset({"plot", "number-line"})
_CAPTION_HEIGHT = 48.0


def visual_parts(visual: Visual) -> tuple[str, ...]:
    """The words of each element that `visual_elements` makes, in the same order.

    Formulas, plots and the heads of a comparison have none: no sentence spells them out, so they
    stand from the beginning.
    """
    if visual.kind == "comparison":
        return ("", *visual.items[1:MOST_ITEMS]) if visual.items else ()
    if visual.kind in _LISTS:
        return visual.items[:MOST_ITEMS]
    if visual.kind in ("quote", "definition"):
        return (visual.text,) if visual.text else ()
    if visual.kind == "formula":
        return ("",) if visual.text else ()
    if visual.kind == "worked":
        return ("", *visual.items[:MOST_ITEMS]) if visual.text else ()
    if visual.kind in _FIGURES:
        return ("",) if visual.items else ()
    return ()


def visual_elements(
    canvas: Canvas, visual: Visual, area: Box, palette: Palette, *, alone: bool
) -> list[Element]:
    """Lay a visual out.

    Args:
        area: what it may take.
        alone: the area is the whole width of the slide.
    """
    if visual.kind == "formula":
        return [formula(canvas, visual, area, palette)]
    if visual.kind == "quote":
        return [quote(canvas, visual, area, palette)]
    if visual.kind == "definition":
        return [definition(canvas, visual, area, palette)]
    if visual.kind == "worked":
        shown = replace(visual, items=visual.items[:MOST_ITEMS])
        return worked(canvas, shown, area, palette, alone=alone)
    if not visual.text:
        return _listed(canvas, visual, area, palette, alone)
    caption = label(canvas, visual.text, area.width)
    top = Box(area.x, area.y, area.width, _CAPTION_HEIGHT)
    below = Box(area.x, top.bottom, area.width, area.height - _CAPTION_HEIGHT)
    canvas.text(caption, top, palette.accent)
    return _listed(canvas, visual, below, palette, alone)


def _listed(
    canvas: Canvas, visual: Visual, area: Box, palette: Palette, alone: bool
) -> list[Element]:
    items = visual.items[:MOST_ITEMS]
    if visual.kind == "comparison":
        pairs = [_split(item, "|") for item in items]
        lay_out = contrast_cards if alone and len(pairs) == 2 else comparison
        return lay_out(canvas, pairs, area, palette)
    if visual.kind == "plot":
        return [plot(canvas, _labelled(items), area, palette)]
    if visual.kind == "number-line":
        return [number_line(canvas, _labelled(items), area, palette)]
    if visual.kind == "cycle" and len(items) >= LEAST_STAGES:
        return cycle(canvas, items, area, palette, alone=alone)
    if visual.kind == "timeline":
        if alone:
            return timeline_row(canvas, _labelled(items), area, palette)
        return timeline_column(canvas, _labelled(items), area, palette)
    if alone:
        return step_row(canvas, items, area, palette, arrows=visual.kind != "steps")
    return step_column(canvas, items, area, palette)


def _labelled(items: Sequence[str]) -> list[tuple[str, str]]:
    """``"label: text"`` items; one without a label is all text."""
    pairs = [_split(item, ":") for item in items]
    return [(left, right) if right else ("", left) for left, right in pairs]


def _split(item: str, mark: str) -> tuple[str, str]:
    left, _, right = item.partition(mark)
    return left.strip(), right.strip()
