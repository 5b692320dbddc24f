"""Held-out questions: none gets a wrong topic, and most covered ones get their lesson."""

from __future__ import annotations

import tomllib
from pathlib import Path

from transforms.errors import PermanentError
from transforms.script.matching.topics import load_topic_index

HELD_OUT = tomllib.loads(Path(__file__).with_name("held_out.toml").read_text("utf-8"))
LEAST_RECALL = 0.93


def found(question: str, interest: str = "") -> set[str]:
    try:
        return {card.id for card in load_topic_index().find(question, interest)}
    except PermanentError:
        return set()


def test_other_questions_get_no_lesson() -> None:
    asked = [(question, "") for question in HELD_OUT["refused"]["questions"]]
    asked += [tuple(row) for row in HELD_OUT["refused_with_interest"]["questions"]]
    assert len(asked) > 400
    assert [row for row in asked if found(*row)] == []


def test_covered_questions_get_their_lesson() -> None:
    expected = {
        question: set(cards.split())
        for table in ("resolves", "compares")
        for cards, asked in HELD_OUT[table].items()
        for question in asked
    }
    answers = {question: found(question) for question in expected}
    assert [q for q, cards in answers.items() if cards and cards != expected[q]] == []
    assert sum(map(bool, answers.values())) >= LEAST_RECALL * len(expected) > 230
