"""Grade bands: ranges of grades whose students share lessons."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GradeBand:
    """A range of grades whose students can share a lesson.

    Attributes:
        lowest: First grade.
        highest: Last grade.
        written_for: Grade whose level the lesson has.
    """

    lowest: int
    highest: int
    written_for: int


GRADE_BANDS = (
    GradeBand(1, 5, 4),
    GradeBand(6, 8, 7),
    GradeBand(9, 12, 10),
    GradeBand(13, 16, 14),
)
"""All bands, in order; concept cards and prompts have no finer levels."""


def band_of(grade: int) -> GradeBand:
    """Return the band of a grade (1-16)."""
    return next(band for band in GRADE_BANDS if grade <= band.highest)
