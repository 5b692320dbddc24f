"""Checks of every script, whatever engine wrote it: what they find is repaired or refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from transforms.model import ContentRequest, Script
from transforms.script.checks.arithmetic import check_arithmetic
from transforms.script.checks.degeneration import check_degeneration
from transforms.script.checks.language import check_language
from transforms.script.checks.quiz import check_quiz
from transforms.script.checks.reading_level import check_reading_level
from transforms.script.checks.safety import check_safety
from transforms.script.checks.script_check import Checked, ScriptCheck
from transforms.script.checks.topic import check_topic
from transforms.script.engines.script_engine import Problem


def _of_script(
    find: Callable[[Script], Sequence[Problem]],
) -> Callable[[Checked], Sequence[Problem]]:
    """Return a check that needs the script alone; lessons of cards come again and again."""
    cached = lru_cache(maxsize=1024)(find)
    return lambda checked: cached(checked.script)


CHECKS = (
    ScriptCheck(
        "safety", "block",
        "self-harm, instructions for weapons and poisons, sexual content, slurs, advertising, "
        "political appeals, addresses, phone numbers, web addresses, the words of the prompt",
        _of_script(check_safety),
    ),
    ScriptCheck(
        "language", "block", "texts in another language than the lesson's",
        _of_script(check_language),
    ),
    ScriptCheck(
        "topic", "block", "a lesson on another topic than the question's",
        lambda checked: check_topic(checked.script, checked.request),
    ),
    ScriptCheck(
        "degeneration", "block",
        "repeated sentences and words, equal scenes, escape sequences, wrongly decoded text",
        _of_script(check_degeneration),
    ),
    ScriptCheck(
        "arithmetic", "block", "wrong calculations, and results whose unit does not fit",
        _of_script(check_arithmetic),
    ),
    ScriptCheck(
        "quiz", "block", "two right choices, and a key that its explanation contradicts",
        _of_script(check_quiz),
    ),
    ScriptCheck(
        "reading_level", "note", "English lessons that read much harder than their grade",
        _of_script(check_reading_level),
    ),
)  # fmt: skip
"""All checks of scripts."""


def find_problems(
    script: Script, request: ContentRequest, passages: Sequence[str] = ()
) -> list[Problem]:
    """Return the problems of a script, each with the name of the check that found it.

    Args:
        script: The script.
        request: The request it answers.
        passages: The passages of sources that its writer was given.
    """
    checked = Checked(script, request, tuple(passages))
    return [problem for check in CHECKS for problem in check.problems(checked)]
