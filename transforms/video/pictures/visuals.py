"""Layout of a scene's visual, by its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transforms.model import Visual
from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import Palette
from transforms.video.draw.elements import Element, label
from transforms.video.pictures.charts import number_line, plot
from transforms.video.pictures.cycles import MIN_CYCLE_STEPS, cycle
from transforms.video.pictures.panels import comparison, contrast_cards, definition, formula, quote
from transforms.video.pictures.sequences import step_column, step_row, timeline_column, timeline_row
from transforms.video.pictures.worked_example import worked_example
from transforms.video.plan.visual_texts import MAX_ITEMS

_CAPTION_HEIGHT = 48.0


def visual_elements(
    canvas: Canvas, visual: Visual, area: Box, palette: Palette, *, full_width: bool
) -> list[Element]:
    """Lay out the visual of a scene as drawing elements.

    Args:
        area: available space.
        full_width: the area is the whole width of the slide.
    """
    if visual.kind == "formula":
        return [formula(canvas, visual, area, palette)]
    if visual.kind == "quote" and visual.items:
        return [quote(canvas, visual, area, palette)]
    if visual.kind in ("definition", "quote"):  # words without an author are no quotation
        return [definition(canvas, visual, area, palette)]
    if visual.kind == "worked":
        shown = replace(visual, items=visual.items[:MAX_ITEMS])
        return worked_example(canvas, shown, area, palette, full_width=full_width)
    if not visual.text:
        return _lay_out_items(canvas, visual, area, palette, full_width)
    caption = label(canvas, visual.text, area.width)
    top = Box(area.x, area.y, area.width, _CAPTION_HEIGHT)
    below = Box(area.x, top.bottom, area.width, area.height - _CAPTION_HEIGHT)
    canvas.text(caption, top, palette.accent)
    return _lay_out_items(canvas, visual, below, palette, full_width)


def _lay_out_items(
    canvas: Canvas, visual: Visual, area: Box, palette: Palette, full_width: bool
) -> list[Element]:
    items = visual.items[:MAX_ITEMS]
    if visual.kind == "comparison":
        pairs = [_split(item, "|") for item in items]
        lay_out = contrast_cards if full_width and len(pairs) == 2 else comparison
        return lay_out(canvas, pairs, area, palette)
    if visual.kind == "plot":
        return [plot(canvas, _split_labels(items), area, palette)]
    if visual.kind == "number-line":
        return [number_line(canvas, _split_labels(items), area, palette)]
    if visual.kind == "cycle" and len(items) >= MIN_CYCLE_STEPS:
        return cycle(canvas, items, area, palette, full_width=full_width)
    if visual.kind == "timeline":
        if full_width:
            return timeline_row(canvas, _split_labels(items), area, palette)
        return timeline_column(canvas, _split_labels(items), area, palette)
    if full_width:
        return step_row(canvas, items, area, palette, arrows=visual.kind != "steps")
    return step_column(canvas, items, area, palette)


def _split_labels(items: Sequence[str]) -> list[tuple[str, str]]:
    """Split ``"label: text"`` items; an item without a label is all text."""
    pairs = [_split(item, ":") for item in items]
    return [(left, right) if right else ("", left) for left, right in pairs]


def _split(item: str, mark: str) -> tuple[str, str]:
    left, _, right = item.partition(mark)
    return left.strip(), right.strip()
