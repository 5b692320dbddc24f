"""Layout of comparisons, quotes, definitions and formulas."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from transforms.maths.markup import shown_formula
from transforms.model import Visual
from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import (
    BODY_SIZES,
    FORMULA_SIZES,
    HEADING,
    RADIUS,
    SMALL_SIZES,
    STRONG,
    Palette,
    mix,
)
from transforms.video.draw.elements import Element, fit_rows, label, row_height, stack
from transforms.video.draw.typeset import Block
from transforms.video.pictures.formula import formula_mask

_QUOTE_HEAD, _QUOTE_FOOT = 84.0, 56.0
_PADDING = 30.0
_CARD_GAP, _CARD_HEAD = 36.0, 52.0
MAX_SYMBOLS = 4
"""Symbols of a formula that are explained below it."""
_MIN_COLUMN_SIZE = FORMULA_SIZES[2]
"""Smallest size, in design pixels, at which a formula may stand in a column."""
_SIZE_TOLERANCE = 1.05
"""Ratio of a formula's size to its letters' size; letters are rounded to whole pixels."""


def comparison(
    canvas: Canvas, pairs: Sequence[tuple[str, str]], area: Box, palette: Palette
) -> list[Element]:
    """Lay out a table of two columns; the first pair is its header."""
    half = area.width / 2
    row = area.height / len(pairs)
    padding = min(30.0, row - SMALL_SIZES[-1] * 1.6)
    sizes = BODY_SIZES[2:] if area.width > 800 else SMALL_SIZES
    heads = fit_rows(
        canvas, pairs[:1], half - 44, max(row, 70), sizes, row_padding=padding, style=STRONG
    )
    below = area.height - row_height(canvas, heads[0]) - padding
    rows = heads + fit_rows(canvas, pairs[1:], half - 44, below, sizes, row_padding=padding)
    boxes = stack(canvas, rows, area, padding=padding)
    return [
        _pair(row, box, palette, head=i == 0)
        for i, (row, box) in enumerate(zip(rows, boxes, strict=True))
    ]


def contrast_cards(
    canvas: Canvas, pairs: Sequence[tuple[str, str]], area: Box, palette: Palette
) -> list[Element]:
    """Lay out a comparison of one pair as two cards; the second one is emphasised."""
    half = (area.width - _CARD_GAP) / 2
    heads = fit_rows(canvas, pairs[:1], half - 8, _CARD_HEAD, SMALL_SIZES, style=STRONG)[0]
    texts = fit_rows(canvas, pairs[1:], half - 72, area.height - _CARD_HEAD - 72, BODY_SIZES)[0]
    top = Box(area.x, area.y, area.width, _CARD_HEAD)
    height = max(180.0, row_height(canvas, texts) + 72)
    body = Box(area.x, top.bottom, area.width, height)
    sides = [
        (area.x, palette.muted, palette.surface),
        (area.x + half + _CARD_GAP, palette.accent, palette.tint),
    ]

    def draw_heads(on: Canvas) -> None:
        for head, (x, colour, _) in zip(heads, sides, strict=True):
            on.text(head, Box(x + 4, top.y, half - 4, _CARD_HEAD), colour)

    def draw_texts(on: Canvas) -> None:
        for text, (x, colour, ground) in zip(texts, sides, strict=True):
            card = Box(x, body.y, half, height)
            on.rounded(card, ground, RADIUS, outline=mix(ground, colour, 0.3))
            on.text(text, Box(x + 36, card.y, half - 72, height), palette.ink, middle=True)

    return [Element(top, draw_heads), Element(body, draw_texts)]


def _pair(row: Sequence[Block], box: Box, palette: Palette, *, head: bool) -> Element:
    half = box.width / 2

    def draw(canvas: Canvas) -> None:
        if head:
            canvas.rounded(box, palette.accent, 12)
        else:
            canvas.rounded(Box(box.x, box.bottom - 2, box.width, 2), palette.line)
        for i, block in enumerate(row):
            cell = Box(box.x + i * half + 22, box.y, half - 44, box.height)
            canvas.text(block, cell, palette.on_accent if head else palette.ink, middle=True)

    return Element(box, draw)


def quote(canvas: Canvas, visual: Visual, area: Box, palette: Palette) -> Element:
    """Lay out a quotation and its author."""
    width = area.width - 88
    by = label(canvas, " ".join(visual.items[:1]), width)
    foot = _QUOTE_FOOT if by.lines else 28.0
    words = canvas.fit(
        visual.text,
        width,
        area.height - _QUOTE_HEAD - foot,
        BODY_SIZES,
        style=STRONG,
        leading=1.3,
        balance=True,
    )
    mark = canvas.fit("“", 100, 120, (110,), style=HEADING, leading=1.0, max_lines=1)
    height = _QUOTE_HEAD + canvas.height_of(words) + foot
    box = Box(area.x, area.y, area.width, min(area.height, height))

    def draw(on: Canvas) -> None:
        on.rounded(box, palette.tint, RADIUS)
        on.text(mark, Box(box.x + 36, box.y + 4, 100, _QUOTE_HEAD - 4), palette.accent)
        text = Box(box.x + 44, box.y + _QUOTE_HEAD, width, box.height - _QUOTE_HEAD - foot + 4)
        on.text(words, text, palette.ink)
        on.text(by, Box(box.x + 44, box.bottom - 48, width, 40), palette.accent)

    return Element(box, draw)


def definition(canvas: Canvas, visual: Visual, area: Box, palette: Palette) -> Element:
    """Lay out a term and its definition beside a vertical stroke."""
    width = area.width - 92
    term = label(canvas, " ".join(visual.items[:1]), width, (26, 24, 22, 20))
    head = 58.0 if term.lines else 28.0
    sizes = BODY_SIZES[1:] if area.width > 800 else SMALL_SIZES
    words = canvas.fit(
        visual.text, width, area.height - head - 24, sizes, style=STRONG, leading=1.34, balance=True
    )
    height = min(area.height, head + canvas.height_of(words) + 24)
    box = Box(area.x, area.y, area.width, height)

    def draw(on: Canvas) -> None:
        on.rounded(box, palette.tint, RADIUS)
        on.rounded(Box(box.x + 22, box.y + 24, 6, box.height - 48), palette.accent, 3)
        on.text(term, Box(box.x + 48, box.y + 22, width, 40), palette.accent)
        text = Box(box.x + 48, box.y + head, width, box.height - head - 20)
        on.text(words, text, palette.ink)

    return Element(box, draw)


def formula(canvas: Canvas, visual: Visual, area: Box, palette: Palette) -> Element:
    """Lay out a typeset formula on a card, with one line below it per explained symbol.

    Text that cannot be typeset is shown as plain Unicode.
    """
    width = area.width - 2 * _PADDING
    legend = [
        row[0]
        for row in fit_rows(
            canvas,
            [[item] for item in visual.items[:MAX_SYMBOLS]],
            width,
            area.height * 0.4,
            SMALL_SIZES,
        )
    ]
    legend_height = sum(canvas.height_of(block) for block in legend) + (24 if legend else 0)
    room = area.height - 2 * _PADDING - legend_height
    mask = _largest_mask(visual.text, width * canvas.scale, room * canvas.scale, canvas.scale)
    plain = canvas.fit(
        shown_formula(visual.text), width, room, FORMULA_SIZES[2:], style=STRONG, leading=1.3
    )
    height = mask.height / canvas.scale if mask else canvas.height_of(plain)
    card = Box(area.x, area.y, area.width, 2 * _PADDING + height + legend_height)

    def draw(on: Canvas) -> None:
        on.rounded(card, palette.surface, RADIUS, outline=palette.line)
        place = Box(card.x + _PADDING, card.y + _PADDING, width, height + 2)
        if mask:
            left, top, right, bottom = on.pixels(place)
            at = ((left + right - mask.width) // 2, (top + bottom - mask.height) // 2)
            on.image.paste(palette.ink, at, mask)
        else:
            on.text(plain, place, palette.ink, "center")
        y = place.bottom + 22
        for block in legend:
            line = Box(place.x, y, width, on.height_of(block) + 2)
            on.text(block, line, palette.muted, "center")
            y += on.height_of(block)

    return Element(card, draw)


def is_wide_formula(canvas: Canvas, visual: Visual, width: float) -> bool:
    """Return True if a formula would be too small to read in a column of that width."""
    mask = formula_mask(visual.text, FORMULA_SIZES[0] * canvas.scale)
    least = _MIN_COLUMN_SIZE / FORMULA_SIZES[0]
    return mask is None or mask.width * least > (width - 2 * _PADDING) * canvas.scale


def _largest_mask(text: str, width: float, height: float, scale: float) -> Image.Image | None:
    """Return a formula's mask at the largest size that fits; lengths in pixels."""
    largest = formula_mask(text, FORMULA_SIZES[0] * scale)
    if largest is None:
        return None
    room = min(width / largest.width, height / largest.height)
    for size in FORMULA_SIZES:
        if size > room * FORMULA_SIZES[0] * _SIZE_TOLERANCE:
            continue  # too large, and typesetting is slow
        mask = formula_mask(text, size * scale)
        if mask and mask.width <= width and mask.height <= height:
            return mask
    return None
