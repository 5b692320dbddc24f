"""Slides of the quiz question: choices, thinking time and answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from transforms.model import LETTERS
from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import (
    CONTENT_BOTTOM,
    HEADING,
    HEADING_SIZES,
    LEADING,
    LEADING_TIGHT,
    MARGIN,
    RADIUS,
    SMALL_SIZES,
    STRONG,
    Palette,
)
from transforms.video.draw.elements import Element, badge, fit_rows, label
from transforms.video.draw.typeset import Block
from transforms.video.plan.pages import MAX_CHOICES, THINKING_TICKS, Page

_TOP, _GAP = 254.0, 18.0
_FOOT = 84.0
_NOTE_TOP = CONTENT_BOTTOM - _FOOT


def quiz(canvas: Canvas, page: Page, palette: Palette) -> list[Element]:
    """Lay out a question; its choices appear as they are read, then the thinking bar fills."""
    _question_slide(canvas, page, palette)
    cards, blocks = _choices(canvas, page)
    elements = [
        _choice(i, block, card, palette)
        for i, (card, block) in enumerate(zip(cards, blocks, strict=True))
    ]
    return [*elements, *_thinking_bar(canvas, palette)]


def answer(canvas: Canvas, page: Page, palette: Palette) -> list[Element]:
    """Lay out the same question with the right choice highlighted and explained."""
    _question_slide(canvas, page, palette)
    cards, blocks = _choices(canvas, page)
    for i, (card, block) in enumerate(zip(cards, blocks, strict=True)):
        _choice(i, block, card, palette).draw(canvas)
    elements = []
    if page.answer < len(cards):
        block, card = blocks[page.answer], cards[page.answer]
        elements.append(_right_choice(page.answer, block, card, palette))
    if page.note:
        elements.append(_explanation(canvas, page.note, palette))
    return elements


def _question_slide(canvas: Canvas, page: Page, palette: Palette) -> None:
    width = canvas.width - 2 * MARGIN
    canvas.text(label(canvas, page.label, width), Box(MARGIN, 70, width, 40), palette.accent)
    question = canvas.fit(
        page.heading,
        width,
        136,
        HEADING_SIZES[1:],
        style=HEADING,
        leading=LEADING_TIGHT,
        max_lines=3,
        balance=True,
    )
    canvas.text(question, Box(MARGIN, 103, width, 140), palette.ink)


def _choices(canvas: Canvas, page: Page) -> tuple[list[Box], Sequence[Block]]:
    """Return the cards of the choices, in two columns, and their texts."""
    choices = page.lines[:MAX_CHOICES]
    if not choices:
        return [], []
    rows = -(-len(choices) // 2)
    width = (canvas.width - 2 * MARGIN - _GAP) / 2
    height = min(96.0, (_NOTE_TOP - 24 - _TOP - _GAP * (rows - 1)) / rows)
    blocks = fit_rows(canvas, [choices], width - 112, height - 12, SMALL_SIZES)[0]
    cards = [
        Box(MARGIN + (i % 2) * (width + _GAP), _TOP + (i // 2) * (height + _GAP), width, height)
        for i in range(len(choices))
    ]
    return cards, blocks


def _choice(i: int, block: Block, card: Box, palette: Palette) -> Element:
    def draw(on: Canvas) -> None:
        on.rounded(card, palette.surface, RADIUS, outline=palette.line)
        badge(on, LETTERS[i], card.x + 46, card.y + card.height / 2, palette.tint, palette.accent)
        text = Box(card.x + 88, card.y, card.width - 112, card.height)
        on.text(block, text, palette.ink, middle=True)

    return Element(card, draw)


def _right_choice(i: int, block: Block, card: Box, palette: Palette) -> Element:
    def draw(on: Canvas) -> None:
        on.rounded(card, palette.accent, RADIUS)
        middle = card.y + card.height / 2
        badge(on, LETTERS[i], card.x + 46, middle, palette.on_accent, palette.accent)
        text = Box(card.x + 88, card.y, card.width - 112, card.height)
        on.text(block, text, palette.on_accent, middle=True)

    return Element(card, draw)


def _explanation(canvas: Canvas, note: str, palette: Palette) -> Element:
    place = Box(MARGIN, _NOTE_TOP, canvas.width - 2 * MARGIN, _FOOT)
    block = canvas.fit(
        note, place.width, place.height, SMALL_SIZES[1:], style=STRONG, leading=LEADING, max_lines=3
    )
    return Element(place, lambda on: on.text(block, place, palette.ink))


def _thinking_bar(canvas: Canvas, palette: Palette) -> list[Element]:
    gap = 10.0
    width = (canvas.width - 2 * MARGIN + gap) / THINKING_TICKS - gap
    elements = []
    for i in range(THINKING_TICKS):
        bar = Box(MARGIN + i * (width + gap), _NOTE_TOP + 20, width, 8)
        canvas.rounded(bar, palette.line, 4)
        elements.append(Element(bar, partial(_fill, bar, palette)))
    return elements


def _fill(bar: Box, palette: Palette, on: Canvas) -> None:
    on.rounded(bar, palette.accent, 4)
