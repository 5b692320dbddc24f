"""Selector of the quiz question that a lesson asks aloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from transforms.model import Script


def spoken_question(script: Script, most: int, spoken: Callable[[Script], int]) -> Script:
    """Mark the first quiz question that fits the length limit to be asked aloud.

    Args:
        script: a lesson that asks no question yet.
        most: maximum length of the lesson, in the unit of `spoken`.
        spoken: returns the spoken length of a lesson.
    """
    candidates = (replace(script, asked=index) for index in range(len(script.quiz)))
    return next((asking for asking in candidates if spoken(asking) <= most), script)
