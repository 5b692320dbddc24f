"""Checks of every script, whatever engine wrote it: what they find is repaired or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from transforms.model import ContentRequest, Script
from transforms.script.checks.arithmetic import check_arithmetic
from transforms.script.checks.degeneration import check_degeneration
from transforms.script.checks.language import check_language
from transforms.script.checks.quiz import check_quiz
from transforms.script.checks.reading_level import check_reading_level
from transforms.script.checks.safety import check_safety
from transforms.script.checks.topic import check_topic
from transforms.script.engines.script_engine import Problem

CHECKS: Mapping[str, Callable[[Script], Sequence[Problem]]] = {
    "safety": check_safety,
    "language": check_language,
    "degeneration": check_degeneration,
    "arithmetic": check_arithmetic,
    "quiz": check_quiz,
    "reading_level": check_reading_level,
}
"""The checks that need the script alone, by name."""

NAMES = (*CHECKS, "topic")

Found = tuple[tuple[str, Problem], ...]


def find_problems(script: Script, request: ContentRequest) -> Found:
    """Return the problems of a script, each with the name of the check that found it."""
    return (*_of_script(script), *(("topic", each) for each in check_topic(script, request)))


@lru_cache(maxsize=1024)  # lessons of the cards come again and again
def _of_script(script: Script) -> Found:
    return tuple((name, each) for name, check in CHECKS.items() for each in check(script))
