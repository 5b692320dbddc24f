"""Rows of ordinary faults: each gets a line, even if its check fails."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.ordinary.finding import Check, Finding, Missing, findings, line

GREEN, RED, SKIPPED = (Finding(7, passed, "seen") for passed in (True, False, None))


class _Bench:
    """Stands in for the servers, which these checks do not use."""

    def begin(self, seconds):
        pass


BENCH: Any = _Bench()


def stopping(*found, error=None):
    def cases(_):
        yield from found
        if error:
            raise error

    return Check((7,), cases, 10)


@pytest.mark.parametrize(
    ("check", "shown"),
    [
        (stopping(GREEN, GREEN), "row  7  green    seen; seen"),
        (stopping(GREEN, RED, SKIPPED), "row  7  red      seen; seen; seen"),
        (stopping(GREEN, SKIPPED), "row  7  skipped  seen; seen"),
        (stopping(error=Missing("no pooler")), "row  7  skipped  no pooler"),
        (stopping(GREEN, error=KeyError("x")), "row  7  red      seen; KeyError: 'x'"),
        (stopping(), "row  7  red      no case was tried"),
    ],
)
def test_line_has_the_worst_verdict(check, shown):
    assert line(7, list(findings(check, BENCH))) == shown


def test_interrupted_check_reports_each_row():
    def cases(_):
        yield Finding(2, True, "seen")
        raise Missing("no network")

    found = list(findings(Check((1, 2), cases, 10), BENCH))
    assert [(each.row, each.passed) for each in found] == [(2, True), (1, None)]
