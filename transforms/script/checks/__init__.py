"""Checks of the scripts of all engines; a problem blocks, asks for a repair or is noted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from transforms.model import ContentRequest, Script
from transforms.script.checks.arithmetic import check_arithmetic
from transforms.script.checks.degeneration import check_degeneration
from transforms.script.checks.language import check_language
from transforms.script.checks.personal_data import check_personal_data
from transforms.script.checks.pictures import check_pictures
from transforms.script.checks.quiz import check_quiz
from transforms.script.checks.reading_level import check_reading_level
from transforms.script.checks.safety import check_safety
from transforms.script.checks.script_check import Answered, ScriptCheck
from transforms.script.checks.support import check_support
from transforms.script.checks.topic import check_topic
from transforms.script.engines.script_engine import Problem

_OF_SCRIPT: Sequence[ScriptCheck[Script]] = (
    ScriptCheck(
        "safety",
        "block",
        "self-harm, instructions for weapons and poisons, sexual content, slurs, advertising, "
        "political appeals, addresses, phone numbers, web addresses, words of the prompt",
        check_safety,
    ),
    ScriptCheck("language", "block", "texts in another language than the lesson's", check_language),
    ScriptCheck(
        "degeneration",
        "block",
        "repeated sentences and words, equal scenes, escape sequences, wrongly decoded text",
        check_degeneration,
    ),
    ScriptCheck(
        "arithmetic",
        "block",
        "wrong calculations, and results whose unit does not fit",
        check_arithmetic,
    ),
    ScriptCheck(
        "quiz", "block", "two right choices, and a key that its explanation contradicts", check_quiz
    ),
    ScriptCheck(
        "pictures",
        "repair",
        "pictures that are not valid or not legible, and marks without a picture; other visuals "
        "that cannot be drawn are a note unless they are the greater part",
        check_pictures,
    ),
    ScriptCheck(
        "reading_level",
        "note",
        "English lessons that read much harder than their grade",
        check_reading_level,
    ),
)
_OF_ANSWER: Sequence[ScriptCheck[Answered]] = (
    ScriptCheck("topic", "block", "lessons on another topic than the one asked for", check_topic),
    ScriptCheck(
        "personal_data",
        "repair",
        "what the student told about themselves, id and card numbers, questions for such data",
        check_personal_data,
    ),
    ScriptCheck(
        "support",
        "repair",
        "statistics, studies and quotations of named authorities that stand in no passage, "
        "where the writer was given passages",
        check_support,
    ),
)
CHECKS: Sequence[ScriptCheck[Any]] = (*_OF_SCRIPT, *_OF_ANSWER)
"""All checks of scripts."""


def find_problems(
    script: Script, request: ContentRequest, passages: Sequence[str] = ()
) -> list[Problem]:
    """Run all checks on a script; return the problems, each with the name of its check.

    Args:
        script: The script.
        request: The request it answers.
        passages: The passages of sources that its writer was given.
    """
    answered = Answered(script, request, tuple(passages))
    found = list(_of_script(script))
    for check in _OF_ANSWER:
        found += check.problems(answered)
    return found


@lru_cache(maxsize=1024)  # lessons of cards come again and again
def _of_script(script: Script) -> tuple[Problem, ...]:
    return tuple(problem for check in _OF_SCRIPT for problem in check.problems(script))
