"""Tests of the quiz question that a lesson asks aloud."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.video.lessons import ASKING, LESSON
from transforms.model import THINKING, decode, encode
from transforms.model import Script as Lesson
from transforms.script.spoken_quiz import spoken_question
from transforms.text.labels import labels_for


def test_question_and_answer_become_sections() -> None:
    quiz, answer = ASKING.sections()[-2:]
    assert quiz.narration == (
        "What happens to the acceleration when the force doubles? "
        "A: It halves. B: It doubles. C: It stays. D: It is gone."
    )
    assert answer.narration == ("The answer: B, It doubles. Acceleration is force divided by mass.")
    assert (quiz.kind, answer.kind) == ("quiz", "answer")
    assert (quiz.pause, answer.pause) == (THINKING, 0)
    assert quiz.question == answer.question == ASKING.quiz[0]


def test_script_without_asked_question_has_no_quiz_sections() -> None:
    assert [section.kind for section in LESSON.sections()] == [
        "title", "scene", "scene", "takeaways",
    ]  # fmt: skip
    old = encode(LESSON).replace(b',"asked":null', b"")
    assert decode(Lesson, old) == LESSON


def test_question_counts_as_spoken_words() -> None:
    assert ASKING.spoken_words > LESSON.spoken_words + 20


@pytest.mark.parametrize(("room", "asked"), [(1000, 0), (60, 1), (10, None)])
def test_first_question_that_fits_is_asked(room: int, asked: int | None) -> None:
    long, short = ASKING.quiz[0], replace(ASKING.quiz[0], question="Why?", choices=("A", "B"))
    long = replace(long, explanation="word " * 60)
    script = replace(LESSON, quiz=(long, short))
    most = LESSON.spoken_words + room
    assert spoken_question(script, most, lambda s: s.spoken_words).asked == asked


@pytest.mark.parametrize("language", ["de", "ar", "zh-CN", "hi-IN", "EL"])
def test_headings_use_language_of_lesson(language: str) -> None:
    script = replace(ASKING, language=language)
    headings = [section.heading for section in script.sections()][-3:]
    names = labels_for(language)
    assert headings == [names.takeaways, names.quiz, names.answer]
    assert "Key takeaways" not in headings
    assert labels_for("tlh") == labels_for("en-GB")
