"""Building blocks of slides: revealed elements, rows of text at one size, badges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import BODY, LABEL_SIZES, LEADING, LEADING_TIGHT, STRONG, Colour
from transforms.video.draw.fonts import Style
from transforms.video.draw.typeset import Block


@dataclass(frozen=True)
class Element:
    """A part of a slide that is revealed at its own time.

    Attributes:
        box: area; nothing is drawn outside it.
        draw: draws the element.
    """

    box: Box
    draw: Callable[[Canvas], None]


def label(canvas: Canvas, text: str, width: float, sizes: Sequence[float] = LABEL_SIZES) -> Block:
    """Set a label as one line, shortened if it is too wide."""
    return canvas.fit(text, width, 40, sizes, style=STRONG, leading=LEADING_TIGHT, max_lines=1)


def fit_rows(
    canvas: Canvas,
    rows: Sequence[Sequence[str]],
    width: float,
    height: float,
    sizes: Sequence[float],
    *,
    row_padding: float = 0,
    style: Style = BODY,
) -> list[list[Block]]:
    """Set the cells of all rows at one size, the largest at which everything fits.

    Args:
        width: of one cell.
        height: of all rows together.
        row_padding: height that each row takes besides its text.
    """
    room = height - row_padding * len(rows)
    fit = partial(canvas.fit, style=style, leading=LEADING)
    for size in sizes:
        blocks: list[list[Block]] = []
        for row in rows:
            blocks.append([fit(cell, width, room, [size], balance=True) for cell in row])
            if not all(block.whole for block in blocks[-1]):
                break
        else:
            if sum(row_height(canvas, row) for row in blocks) <= room:
                return blocks
    share = room / max(1, len(rows))
    return [[fit(cell, width, share, sizes[-2:]) for cell in row] for row in rows]


def row_height(canvas: Canvas, row: Sequence[Block]) -> float:
    """Return the height of a row of blocks in design pixels."""
    return max((canvas.height_of(block) for block in row), default=0.0)


def stack(
    canvas: Canvas,
    rows: Sequence[Sequence[Block]],
    area: Box,
    *,
    padding: float = 0,
    gap: float = 0,
) -> list[Box]:
    """Return one box per row, from top to bottom.

    Args:
        padding: added to the height of each row.
        gap: largest distance between rows; smaller where the area is full.
    """
    heights = [row_height(canvas, row) + padding for row in rows]
    # Letters of some scripts are taller than the sizes allow for.
    squeeze = min(1.0, area.height / max(1.0, sum(heights)))
    heights = [height * squeeze for height in heights]
    if len(rows) > 1:
        gap = min(gap, (area.height - sum(heights)) / (len(rows) - 1))
    boxes = []
    y = area.y
    for height in heights:
        boxes.append(Box(area.x, y, area.width, height))
        y += height + gap
    return boxes


def badge(
    canvas: Canvas,
    sign: str,
    x: float,
    y: float,
    colour: Colour,
    letters: Colour,
    radius: float = 22,
) -> None:
    """Draw a number or a letter in a disc centred at (x, y)."""
    canvas.disc(x, y, radius, colour)
    sizes = [size * min(1.0, radius / 20) for size in LABEL_SIZES]
    block = label(canvas, sign, 2 * radius, sizes)
    canvas.text(block, Box(x - radius, y - 20, 2 * radius, 40), letters, "center", middle=True)
