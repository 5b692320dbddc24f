"""Ornaments of the school subjects, drawn beside the title."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin

from transforms.video.draw.canvas import Box, Canvas
from transforms.video.draw.design import Colour

CENTRE_X, CENTRE_Y = 1096, 360


def draw_motif(canvas: Canvas, subject: str, accent: Colour) -> None:
    """Draw the ornament of a subject into the right part of a slide.

    Args:
        subject: name of a theme.
        accent: colour to tint it with.
    """
    _MOTIFS.get(subject, _arcs)(canvas, accent)


def _orbits(canvas: Canvas, accent: Colour) -> None:
    """Draw a nucleus and its orbits, the ornament of physics."""
    for radius, share, angle in (
        (96, 0.5, 0.9),
        (176, 0.38, 3.6),
        (262, 0.28, 2.5),
        (352, 0.2, 1.9),
    ):
        canvas.ring(CENTRE_X, CENTRE_Y, radius, canvas.shade(accent, share), 2.5)
        x, y = CENTRE_X + radius * cos(angle), CENTRE_Y + radius * sin(angle)
        canvas.disc(x, y, 11, canvas.shade(accent, min(1.0, share * 2)))
    canvas.disc(CENTRE_X, CENTRE_Y, 40, accent)


def _hexagons(canvas: Canvas, accent: Colour) -> None:
    """Draw carbon rings, the ornament of chemistry."""
    radius = 86.0
    step_x, step_y = radius * 3**0.5, radius * 1.5
    shares = {
        (0, 0): 0.9,
        (1, 0): 0.34,
        (0, 1): 0.22,
        (1, 1): 0.6,
        (0, -1): 0.4,
        (1, -1): 0.16,
        (2, 0): 0.2,
        (0, 2): 0.12,
        (1, 2): 0.3,
        (0, -2): 0.14,
        (1, -2): 0.24,
        (-1, 0): 0.14,
    }
    for (column, row), share in shares.items():
        x = CENTRE_X - 66 + (column + (row % 2) / 2) * step_x
        y = CENTRE_Y + row * step_y
        canvas.polygon(_hexagon(x, y, radius - 6), canvas.shade(accent, share))
        if share < 0.5:
            canvas.polygon(_hexagon(x, y, radius - 10), canvas.shade(accent, share * 0.45))


def _hexagon(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    angles = [pi / 6 + i * pi / 3 for i in range(6)]
    return [(x + radius * cos(angle), y + radius * sin(angle)) for angle in angles]


def _cells(canvas: Canvas, accent: Colour) -> None:
    """Draw cells with their nuclei, the ornament of biology."""
    for x, y, radius, share in (
        (1150, 300, 210, 0.16),
        (960, 520, 130, 0.24),
        (1210, 590, 120, 0.34),
        (985, 190, 92, 0.4),
        (1130, 96, 62, 0.22),
    ):
        canvas.disc(x, y, radius, canvas.shade(accent, share))
        canvas.disc(x, y, radius - 7, canvas.shade(accent, share * 0.55))
        canvas.disc(
            x + radius * 0.22,
            y - radius * 0.16,
            radius * 0.32,
            canvas.shade(accent, min(1, share * 2.2)),
        )


def _waves(canvas: Canvas, accent: Colour) -> None:
    """Draw a family of curves over their axes, the ornament of maths."""
    left, right = 852, 1340
    canvas.line([(left, CENTRE_Y), (right, CENTRE_Y)], canvas.shade(accent, 0.3), 2)
    canvas.line([(CENTRE_X - 40, 60), (CENTRE_X - 40, 660)], canvas.shade(accent, 0.3), 2)
    for height, share, thickness in ((60, 0.26, 3), (120, 0.4, 3), (180, 0.6, 4), (240, 1.0, 6)):
        curve = [
            (x, CENTRE_Y - height * sin((x - CENTRE_X + 40) / 78)) for x in range(left, right, 3)
        ]
        canvas.line(curve, canvas.shade(accent, share), thickness)


def _bars(canvas: Canvas, accent: Colour) -> None:
    """Draw a rising bar chart, the ornament of economics."""
    tops = (520, 470, 494, 400, 350, 262, 190)
    for i, top in enumerate(tops):
        box = Box(868 + i * 64, top, 44, 760 - top)
        canvas.rounded(box, canvas.shade(accent, 0.14 + 0.08 * i), 10)
    points = [(868 + i * 64 + 22, top - 54) for i, top in enumerate(tops)]
    canvas.line(points, accent, 5)
    for x, y in points:
        canvas.disc(x, y, 9, accent)


def _strata(canvas: Canvas, accent: Colour) -> None:
    """Draw layers of rock under a sun, the ornament of earth science."""
    canvas.disc(1120, 196, 92, accent)
    for i, share in enumerate((0.14, 0.24, 0.36, 0.5, 0.66)):
        foot = 700 + 70 * i
        crest = []
        for x in range(foot, 1300, 6):
            rise = (1 - cos(pi * min(1, (x - foot) / 420))) / 2
            crest.append((x, 730 - rise * (430 - 84 * i - 22 * sin(x / 70 + i))))
        canvas.polygon([*crest, (1300, 740), (foot, 740)], canvas.shade(accent, share))


def _bits(canvas: Canvas, accent: Colour) -> None:
    """Draw a field of bits, the ornament of computing."""
    pattern = 0b1011001110001011010011100101101000111011010110010
    for i in range(56):
        row, column = divmod(i, 7)
        share = 0.9 if i in (10, 25, 33, 47) else 0.36 if pattern >> (i * 5 % 49) & 1 else 0.12
        canvas.rounded(
            Box(868 + column * 64, 60 + row * 78, 46, 46), canvas.shade(accent, share), 12
        )


def _arches(canvas: Canvas, accent: Colour) -> None:
    """Draw nested arches of an arcade, the ornament of history."""
    for i, share in enumerate((0.14, 0.24, 0.38, 0.58, 1.0)):
        inner = i * 52
        half = 250 - inner
        top = 110 + inner * 1.1
        canvas.rounded(Box(CENTRE_X - half, top, 2 * half, 900), canvas.shade(accent, share), half)
        canvas.rounded(
            Box(CENTRE_X - half + 14, top + 14, 2 * half - 28, 900), canvas.background, half - 14
        )


def _arcs(canvas: Canvas, accent: Colour) -> None:
    """Draw ripples from a corner, the ornament of subjects without one of their own."""
    for radius, share in ((520, 0.1), (420, 0.18), (320, 0.28), (220, 0.44), (120, 1.0)):
        canvas.disc(1290, 730, radius, canvas.shade(accent, share))


_MOTIFS: dict[str, Callable[[Canvas, Colour], None]] = {
    "physics": _orbits,
    "chemistry": _hexagons,
    "biology": _cells,
    "maths": _waves,
    "economics": _bars,
    "earth-science": _strata,
    "computing": _bits,
    "history": _arches,
}
