"""Tables report every wrong row by name."""

from __future__ import annotations

import pytest

from tests.every_row import failures, for_all


def test_every_wrong_row_is_reported_by_name() -> None:
    def check(number: int, word: str) -> None:
        assert len(word) == number
        with pytest.raises(ValueError, match="invalid"):
            int(word)

    rows = {"right": (3, "one"), "short": (3, "up"), "number": (2, "12")}
    short, number = failures(rows, check)
    assert short.startswith("'short': AssertionError")
    assert number.startswith("'number': Failed: DID NOT RAISE")


def test_wrong_row_fails_its_table() -> None:
    @for_all([1, 2, 3])
    def even(number: int) -> None:
        assert number % 2 == 0

    with pytest.raises(pytest.fail.Exception, match=r"(?s)2 rows are wrong:\n1: .*\n\n3: "):
        even()


def test_empty_table_of_cases_fails() -> None:
    with pytest.raises(AssertionError, match="empty"):
        for_all([])(print)()
