"""Tests of splitting text into words and reducing them to roots."""

from __future__ import annotations

from tests.every_row import for_all
from transforms.script.matching.words import roots, words


@for_all(
    [
        ("Newton’s 2nd law", "newton #2 law"),
        ("newtons second law", "newton #2 law"),
        ("newton's law II", "newton law #2"),
        ("Newton's law number two", "newton law number #2"),
        ("newton's 3 laws", "newton =3 law"),
        ("WW1", "world war #1"),
        ("World War I", "world war #1"),
        ("a² + b²", "a2 b2"),
        ("50%", "=50 percent"),
        ("Photosynthèse", "photosynthes"),
        ("conserved energies", "conserv energy"),
    ],
)
def test_words_are_reduced_to_roots(text: str, expected: str) -> None:
    assert roots(words(text)) == expected.split()
