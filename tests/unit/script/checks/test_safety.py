"""Unsafe sentences are found, and what history and science say passes."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from tests.every_row import for_all
from transforms.model import Script
from transforms.script.checks.safety import check_safety

SENTENCES = tomllib.loads(Path(__file__).with_name("sentences.toml").read_text("utf-8"))
LESSON = Script(
    title="t", hook="h", scenes=(), key_takeaways=(), quiz=(), topic="t", subject="biology",
    grade_level=8,
)  # fmt: skip


@for_all(SENTENCES["unsafe"])
def test_unsafe_sentence_is_found(sentence: str) -> None:
    assert check_safety(replace(LESSON, hook=sentence))
    lesson = replace(LESSON, key_takeaways=("Water is wet.", f"So it is. {sentence}"))
    assert check_safety(lesson)


@for_all(SENTENCES["safe"])
def test_safe_sentence_passes(sentence: str) -> None:
    assert check_safety(replace(LESSON, hook=sentence)) == []


def test_problem_names_category_and_place_only():
    [problem] = check_safety(replace(LESSON, hook="Order now, and get 20% off."))
    assert problem.text == "hook: holds advertising, which no lesson may; leave it out"
    assert problem.severity == "block"
