"""Result of the search for danger in a student's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CareCategory = Literal["self_harm", "abuse", "threat", "eating"]
CARE_CATEGORIES: tuple[CareCategory, ...] = ("self_harm", "abuse", "threat", "eating")
"""All categories; of several findings the first in this order counts."""

CareLevel = Literal["urgent", "unsure"]


@dataclass(frozen=True)
class CareFinding:
    """Kind and level of the danger that a student's words show.

    Attributes:
        category: Kind of danger.
        level: ``urgent``: the student gets help and no lesson. ``unsure``: both, because the words
            may be about a topic or be meant as a joke.
        language: Primary subtag of the language that the words are in.
    """

    category: CareCategory
    level: CareLevel
    language: str = "en"
