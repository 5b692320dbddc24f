"""Tests of splitting questions into topic and asides."""

from __future__ import annotations

from tests.every_row import for_all
from transforms.script.matching.student_question import parse_student_question
from transforms.script.matching.words import words


@for_all(
    [
        ("Explain photosynthesis for basketball fans", "for basketball fans"),
        ("explain gravity to my little brother", "to my little brother"),
        ("photosynthesis like I'm 5", "like im 5"),
        ("Using hoops explain gravity", "using hoops"),
        ("Explain gravity using race cars", "using race cars"),
        ("percentages in basketball", "in basketball"),
        ("gravity with examples", "with examples"),
        ("gravity in terms of music", "in terms"),
        ("explain gravity in 3 minutes", "in 3 minutes"),
        ("gravity for 8th graders", "for 8th graders"),
        ("I love soccer, explain gravity", "i love soccer"),
        ("explain gravity as if I were a gamer", "as if i were a gamer"),
        ("why do things fall down", ""),
        ("how do cells divide in animals", "in animals"),
        ("", ""),
    ],
)
def test_asides_are_split_from_topic(text: str, aside: str) -> None:
    question = parse_student_question(text)
    assert " ".join(question.aside) == aside
    assert sorted((*question.topic, *question.aside)) == sorted(words(text))
