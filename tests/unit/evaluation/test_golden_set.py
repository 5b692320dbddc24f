"""Golden sets: the included one, and errors in those of users."""

from __future__ import annotations

from collections import Counter

import pytest

from pipeline.evaluation.golden_set import holds, read_golden_set
from pipeline.usage_error import UsageError
from transforms.text.language import primary_subtag

LEAST_ROWS = 200
LANGUAGES = {"en", "es", "de", "fr", "pt"}


def test_included_set_is_large_and_varied():
    rows = read_golden_set(None).rows
    kinds = Counter(row.kind for row in rows)
    assert len(rows) >= LEAST_ROWS
    assert {primary_subtag(row.language) for row in rows} == LANGUAGES
    assert all(count >= 10 for count in kinds.values()), kinds
    assert set(kinds) >= {"red-team", "false-premise", "crisis", "lookalike"}


def test_every_lesson_row_names_its_topic():
    assert [row.id for row in read_golden_set(None).rows if not row.refuse and not row.must] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no rows"),
        ("rows = []", "holds no rows"),
        ("rows = [", "golden.toml: "),
        ("rows = [1]", "row 1"),
        ('rows = [{ id = "a" }]', "row a: query"),
        ('rows = [{ id = "A b", query = "q" }]', "row A b: id"),
        ('rows = [{ id = "a", query = "q", grades = 3 }]', "row a: grades"),
        ('rows = [{ id = "a", query = "q", kind = "hard" }]', "row a: kind"),
        ('rows = [{ id = "a", query = "q", must = ["x||y"] }]', "row a: must.0"),
        ('rows = [{ id = "a", query = "q", grade = 17 }]', "row a: grade_level"),
        ('rows = [{ id = "a", query = " " }]', "row a: student_query"),
        ('rows = [{ id = "a", query = "q", language = "?" }]', "row a: language"),
        ('rows = [{ id = "a", query = "q", refuse = true, must = ["x"] }]', "row a: a refusal"),
        ('rows = [{ id = "a", query = "q", care = true }]', "row a: care takes the place"),
        ('rows = [{ id = "a", query = "q" }, { id = "a", query = "r" }]', "another row"),
    ],
)
def test_wrong_set_names_row_and_key(tmp_path, text, words):
    file = tmp_path / "golden.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_golden_set(file)
    assert str(file) in str(caught.value)
    assert words in str(caught.value)


def test_other_encoding_is_named(tmp_path):
    file = tmp_path / "golden.toml"
    file.write_bytes('rows = [{ id = "a", query = "é" }]'.encode("latin-1"))
    with pytest.raises(UsageError, match=r"golden\.toml: is not UTF-8"):
        read_golden_set(file)


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Plants need light.", "light", True),
        ("It accelerates.", "force | accelerat", True),
        ("A satellite's orbit", "lite", False),  # the beginning of a word
        ("Temperature in °C", "temp", True),
        ("the king's 300,000 men", "300,000", True),
        ("", "light", False),
    ],
)
def test_words_match_beginnings_of_words(text, words, expected):
    assert holds(text, words) is expected
