"""Which question of a quiz is asked aloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from transforms.model import Script


def spoken_question(script: Script, most: int, spoken: Callable[[Script], int]) -> Script:
    """The script with its first question asked aloud that its length leaves room for, if any.

    Args:
        script: a lesson in which nothing is asked yet.
        most: how long a lesson may be.
        spoken: measures how long a lesson is.
    """
    candidates = (replace(script, asked=index) for index in range(len(script.quiz)))
    return next((asking for asking in candidates if spoken(asking) <= most), script)
