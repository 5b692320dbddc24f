"""The table of dead letters adapts to the width of the terminal."""

from __future__ import annotations

from dataclasses import fields

import pytest

from pipeline.cli import output
from tests.unit.cli.rows import WHEN
from transforms.ledger import DeadLetterRow

REQUEST = "123e4567-e89b-12d3-a456-426614174000"
REASON = "no lesson covers this question yet; the nearest topics are “Gravity” and “Friction”"


def letter() -> DeadLetterRow:
    known = {
        "id": 1234,
        "request_id": REQUEST,
        "stage": "narration",
        "field": "student_query",
        "error": REASON,
        "retryable": False,
        "occurred_at": WHEN,
    }
    return DeadLetterRow(**{f.name: known.get(f.name) for f in fields(DeadLetterRow)})  # type: ignore[arg-type]


@pytest.mark.parametrize(("columns", "lines", "named"), [(80, 6, False), (200, 2, True)])
def test_reason_column_takes_remaining_width(monkeypatch, capsys, columns, lines, named):
    monkeypatch.setenv("COLUMNS", str(columns))
    output.dead_letters([letter()], as_json=False)
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) <= lines
    assert (REQUEST in shown) == named
    assert "student_query" in shown
