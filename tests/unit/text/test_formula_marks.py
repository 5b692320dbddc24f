"""Marked formulas are found, and amounts of money are not mistaken for them."""

from __future__ import annotations

from tests.every_row import for_all
from transforms.text.formula_marks import marked_spans
from transforms.text.sentences import split_sentences


@for_all(
    [
        ("$x^2$ is it", ["$x^2$"]),
        ("$5x = 10$ holds", ["$5x = 10$"]),
        (r"\(a\) and \[b\] and \ce{H2O}", [r"\(a\)", r"\[b\]", r"\ce{H2O}"]),
        ("It costs $5. That is $3 more.", []),
        ("from $5 to $10", []),
        ("$1,000 and $2,000", []),
        ("US$5 or 10$", []),
    ]
)
def test_marked_formulas_are_found(text: str, found: list[str]) -> None:
    assert [text[begin:end] for begin, end in marked_spans(text)] == found


@for_all(
    [
        ("We get $5! = 120$. Good.", 2),
        (r"Now $n! = n \cdot (n-1)!$ holds. Next.", 2),
        ("It costs $5. That is $3 more.", 2),
        (r"See \ce{CuSO4. 5 H2O} here. End.", 2),
    ]
)
def test_sentence_does_not_end_inside_of_a_formula(text: str, sentences: int) -> None:
    assert len(split_sentences(text)) == sentences
