"""Layout of cycle diagrams: steps around a ring, the last leading back to the first."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, hypot

from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import BODY_SIZES, RADIUS, SMALL_SIZES, Palette
from transforms.video.draw.elements import Element, fit_rows
from transforms.video.draw.typeset import Block

MIN_CYCLE_STEPS = 3
"""Fewer steps are drawn as a list."""
_GAP = 52.0
_PADDING = 22.0
_ARROW_HEAD = 9.0

Point = tuple[float, float]


def cycle(
    canvas: Canvas, items: Sequence[str], area: Box, palette: Palette, *, full_width: bool
) -> list[Element]:
    """Lay out a cycle as two lanes of cards: forward along one, back along the other.

    Args:
        items: texts of the steps, at least `MIN_CYCLE_STEPS`.
        full_width: place the lanes side by side across the slide; otherwise in a column.
    """
    cards = _card_boxes(len(items), area, full_width)
    width = min(card.width for card in cards) - 2 * _PADDING
    height = min(card.height for card in cards) - 16
    blocks = fit_rows(canvas, [items], width, height, BODY_SIZES if full_width else SMALL_SIZES)[0]
    elements = []
    for i, (card, block) in enumerate(zip(cards, blocks, strict=True)):
        canvas.rounded(card, palette.background, RADIUS, outline=palette.line)
        arrows = [_arrow_across_gap(cards[i - 1], card)] if i else []
        if i == len(cards) - 1:
            arrows.append(_arrow_across_gap(card, cards[0]))
        elements.append(_step_card(block, card, arrows, palette))
    return elements


def _card_boxes(count: int, area: Box, full_width: bool) -> list[Box]:
    """Return the boxes of the cards, in order around the ring."""
    length, breadth = (area.width, area.height) if full_width else (area.height, area.width)
    lane = (breadth - _GAP) / 2
    there = ceil(count / 2)
    cards = []
    for i in range(count):
        among = there if i < there else count - there
        place = i if i < there else count - 1 - i
        size = (length - _GAP * (among - 1)) / among
        along, across = place * (size + _GAP), (0.0 if i < there else lane + _GAP)
        cards.append(
            Box(area.x + along, area.y + across, size, lane)
            if full_width
            else Box(area.x + across, area.y + along, lane, size)
        )
    return cards


def _arrow_across_gap(one: Box, other: Box) -> tuple[Point, Point]:
    """Return start and end of the arrow from one card to the next."""
    left, right = max(one.x, other.x), min(one.right, other.right)
    if right > left:  # one above the other
        x = (left + right) / 2
        down = other.y >= one.bottom
        start, end = (one.bottom, other.y) if down else (one.y, other.bottom)
        margin = _ARROW_HEAD if down else -_ARROW_HEAD
        return (x, start + margin), (x, end - margin)
    y = (max(one.y, other.y) + min(one.bottom, other.bottom)) / 2
    onward = other.x >= one.right
    start, end = (one.right, other.x) if onward else (one.x, other.right)
    margin = _ARROW_HEAD if onward else -_ARROW_HEAD
    return (start + margin, y), (end - margin, y)


def _step_card(
    block: Block, card: Box, arrows: Sequence[tuple[Point, Point]], palette: Palette
) -> Element:
    tips = [Box(x, y, 0, 0).inset(-_ARROW_HEAD) for arrow in arrows for x, y in arrow]
    left, top = min(b.x for b in (card, *tips)), min(b.y for b in (card, *tips))
    right, bottom = max(b.right for b in (card, *tips)), max(b.bottom for b in (card, *tips))
    box = Box(left, top, right - left, bottom - top)

    def draw(on: Canvas) -> None:
        on.rounded(card, palette.surface, RADIUS, outline=palette.line)
        on.text(block, card.inset(_PADDING, 0), palette.ink, "center", middle=True)
        for start, end in arrows:
            _draw_arrow(on, start, end, palette)

    return Element(box, draw)


def _draw_arrow(on: Canvas, start: Point, end: Point, palette: Palette) -> None:
    (x0, y0), (x1, y1) = start, end
    length = hypot(x1 - x0, y1 - y0) or 1.0
    along_x, along_y = (x1 - x0) / length, (y1 - y0) / length
    neck = (x1 - along_x * _ARROW_HEAD * 1.4, y1 - along_y * _ARROW_HEAD * 1.4)
    on.line([start, neck], palette.accent, 4)
    across_x, across_y = -along_y * _ARROW_HEAD, along_x * _ARROW_HEAD
    wings = [(neck[0] + s * across_x, neck[1] + s * across_y) for s in (1, -1)]
    on.polygon([end, *wings], palette.accent)
