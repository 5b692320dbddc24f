"""Pace of speech and captions by grade.

Schools' captioning guidelines (the DCMP Captioning Key) ask for 120 to 130 words a minute at lower
and middle levels, and subtitling guidelines for at most 13 characters a second for children and 17
for adults.
"""

from __future__ import annotations

from dataclasses import dataclass

_LAST_YOUNG_GRADE = 8


@dataclass(frozen=True)
class Pace:
    """Target speeds of speech and captions for one band of grades.

    Attributes:
        words_per_minute: of speech, pauses included.
        caption_speed: most characters of a caption per second.
    """

    words_per_minute: float
    caption_speed: float


_YOUNG, _OLDER = Pace(125, 13), Pace(145, 17)


def pace_for(grade_level: int) -> Pace:
    """Return the pace for a grade."""
    return _YOUNG if grade_level <= _LAST_YOUNG_GRADE else _OLDER
