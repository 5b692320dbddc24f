"""Layout of steps, processes and timelines, as a column or across the full width of a slide."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import BODY_SIZES, RADIUS, SMALL_SIZES, STRONG, Palette
from transforms.video.draw.elements import Element, badge, fit_rows, label, row_height, stack
from transforms.video.draw.typeset import Block

_GAP = 36.0
_DATE_HEIGHT = 34.0


def step_column(
    canvas: Canvas, items: Sequence[str], area: Box, palette: Palette, *, result: bool = False
) -> list[Element]:
    """Lay out numbered cards, one below the other.

    Args:
        result: emphasise the last card as the result of the others.
    """
    share = area.height / max(1, len(items))
    roomy = area.width > 600 and share > 80
    padding, gap = (36.0, 20.0) if roomy else (min(26.0, share * 0.3), min(14.0, share * 0.16))
    rows = fit_rows(
        canvas,
        [[item] for item in items],
        area.width - 108,
        area.height,
        BODY_SIZES[2:] if roomy else SMALL_SIZES,
        row_padding=padding + gap,
    )
    boxes = stack(canvas, rows, area, padding=padding, gap=gap)
    return [
        _step(canvas, number, row[0], box, palette, result=result and number == len(rows))
        for number, (row, box) in enumerate(zip(rows, boxes, strict=True), 1)
    ]


def _step(
    canvas: Canvas, number: int, block: Block, card: Box, palette: Palette, *, result: bool
) -> Element:
    x, y = card.x + 42, card.y + card.height / 2
    _placeholder(canvas, number, card, x, y, palette)

    ground, line = (palette.tint, palette.accent) if result else (palette.surface, palette.line)

    def draw(on: Canvas) -> None:
        on.rounded(card, ground, RADIUS, outline=line)
        badge(on, str(number), x, y, palette.accent, palette.on_accent, _radius(card))
        text = Box(card.x + 84, card.y, card.width - 108, card.height)
        on.text(block, text, palette.ink, middle=True)

    return Element(card, draw)


def _placeholder(
    canvas: Canvas, number: int, card: Box, x: float, y: float, palette: Palette
) -> None:
    """Draw the outline that marks the place of a card until it appears."""
    canvas.rounded(card, palette.background, RADIUS, outline=palette.line)
    badge(canvas, str(number), x, y, palette.line, palette.background, _radius(card))


def _radius(card: Box) -> float:
    return min(22.0, card.height / 2 - 3)


def step_row(
    canvas: Canvas, items: Sequence[str], area: Box, palette: Palette, *, arrows: bool
) -> list[Element]:
    """Lay out numbered cards side by side, with `arrows` between them if each leads to the next."""
    width = (area.width - _GAP * (len(items) - 1)) / len(items)
    cells = fit_rows(canvas, [items], width - 48, area.height - 110, BODY_SIZES)[0]
    height = max(210.0, row_height(canvas, cells) + 110)
    elements = []
    for i, block in enumerate(cells):
        card = Box(area.x + i * (width + _GAP), area.y + 8, width, height)
        elements.append(_tall_card(canvas, i + 1, block, card, palette, arrow=arrows and i > 0))
    return elements


def _tall_card(
    canvas: Canvas, number: int, block: Block, card: Box, palette: Palette, *, arrow: bool
) -> Element:
    _placeholder(canvas, number, card, card.x + 46, card.y + 46, palette)

    def draw(on: Canvas) -> None:
        on.rounded(card, palette.surface, RADIUS, outline=palette.line)
        badge(on, str(number), card.x + 46, card.y + 46, palette.accent, palette.on_accent)
        text = Box(card.x + 24, card.y + 88, card.width - 48, card.height - 96)
        on.text(block, text, palette.ink)
        if arrow:
            x, y = card.x - _GAP / 2, card.y + card.height / 2
            on.line([(x - 5, y - 10), (x + 5, y), (x - 5, y + 10)], palette.accent, 4)

    return Element(Box(card.x - _GAP, card.y, card.width + _GAP, card.height), draw)


def timeline_column(
    canvas: Canvas, pairs: Sequence[tuple[str, str]], area: Box, palette: Palette
) -> list[Element]:
    """Lay out dated events down a vertical line, the earliest at the top."""
    rows = fit_rows(
        canvas,
        [[what] for _, what in pairs],
        area.width - 48,
        area.height,
        SMALL_SIZES,
        row_padding=_DATE_HEIGHT + 12,
    )
    boxes = stack(canvas, rows, area, padding=_DATE_HEIGHT, gap=30)
    elements = []
    above = area.y
    for (when, _), (block,), box in zip(pairs, rows, boxes, strict=True):
        head = label(canvas, when, area.width - 48)
        elements.append(_moment_in_column(head, block, box, above, palette))
        above = box.bottom
    return elements


def _moment_in_column(
    head: Block, block: Block, box: Box, above: float, palette: Palette
) -> Element:
    def draw(canvas: Canvas) -> None:
        if above < box.y:
            canvas.rounded(Box(box.x + 10, above, 3, box.y + 4 - above), palette.line)
        canvas.rounded(Box(box.x + 10, box.y + 24, 3, box.height - 24), palette.line)
        canvas.disc(box.x + 11.5, box.y + 14, 9, palette.accent)
        canvas.text(head, Box(box.x + 44, box.y, box.width - 44, 40), palette.accent)
        text = Box(box.x + 44, box.y + 31, box.width - 44, box.height - 31)
        canvas.text(block, text, palette.ink)

    return Element(Box(box.x, above, box.width, box.bottom - above), draw)


def timeline_row(
    canvas: Canvas, pairs: Sequence[tuple[str, str]], area: Box, palette: Palette
) -> list[Element]:
    """Lay out dated events along a horizontal line, the earliest first."""
    width = area.width / len(pairs)
    cells = fit_rows(
        canvas, [[what for _, what in pairs]], width - 36, area.height - 120, BODY_SIZES
    )[0]
    heads = fit_rows(
        canvas, [[when for when, _ in pairs]], width - 36, 40, SMALL_SIZES, style=STRONG
    )[0]
    height = row_height(canvas, cells) + 120
    elements = []
    for i, (head, block) in enumerate(zip(heads, cells, strict=True)):
        box = Box(area.x + i * width, area.y + 12, width, height)
        elements.append(_moment_in_row(canvas, head, block, box, palette))
    return elements


def _moment_in_row(
    canvas: Canvas, head: Block, block: Block, box: Box, palette: Palette
) -> Element:
    canvas.rounded(Box(box.x, box.y + 66, box.width, 3), palette.line)
    canvas.disc(box.x + 12, box.y + 67.5, 12, palette.line)

    def draw(on: Canvas) -> None:
        on.text(head, Box(box.x, box.y, box.width - 36, 40), palette.accent)
        on.disc(box.x + 12, box.y + 67.5, 12, palette.accent)
        on.text(block, Box(box.x, box.y + 100, box.width - 36, box.height - 100), palette.ink)

    return Element(box, draw)
