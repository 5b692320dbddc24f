"""Parsers for setting values."""

from __future__ import annotations

import math
import re
from pathlib import Path

from pipeline.settings.suggestions import did_you_mean

FRAME_SIZES = {"1280x720": (1280, 720), "1920x1080": (1920, 1080)}


def positive_int(text: str) -> int:
    """Parse a whole number from 1; raise ValueError for other text."""
    number = int(text)
    if number < 1:
        raise ValueError("must be a whole number from 1")
    return number


def whole_number(text: str) -> int:
    """Parse a whole number from 0; raise ValueError for other text."""
    number = int(text)
    if number < 0:
        raise ValueError("must be a whole number from 0")
    return number


def seconds(text: str) -> float:
    """Parse a finite number of seconds from 0; raise ValueError for other text."""
    number = float(text)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError("must be a number of seconds from 0")
    return number


def usd(text: str) -> float:
    """Parse an amount of US dollars above 0; raise ValueError for other text."""
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not (math.isfinite(amount) and amount > 0):
        raise ValueError("must be a number of US dollars above 0")
    return amount


def frame_size(text: str) -> tuple[int, int]:
    """Parse one of the two supported frame sizes; raise ValueError for other text."""
    if text not in FRAME_SIZES:
        raise ValueError(
            f"must be one of {', '.join(FRAME_SIZES)}{did_you_mean(text, FRAME_SIZES)}"
        )
    return FRAME_SIZES[text]


def existing_path(text: str) -> str:
    """Return the path of an existing file or folder; raise ValueError for other text."""
    if not Path(text).exists():
        raise ValueError("must be the path of something that exists")
    return text


def topic_name(text: str) -> str:
    """Return the full resource name of a topic; raise ValueError for other text."""
    if not re.fullmatch(r"projects/[^/]+/topics/[^/]+", text):
        raise ValueError("must be projects/PROJECT/topics/TOPIC")
    return text
