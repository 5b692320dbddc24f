"""Tables of requests adapt to the width of the terminal."""

from __future__ import annotations

import pytest

from pipeline.cli import request_tables
from tests.unit.cli.rows import WHEN, request_row

REQUEST = "123e4567-e89b-12d3-a456-426614174000"
QUESTION = "Explain how gravity keeps planets in orbit"


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, "running"),
        ({"lapsed": True}, "lapsed"),
        ({"cancel_requested_at": WHEN}, "cancelling"),
        ({"cancel_requested_at": WHEN, "lapsed": True}, "lapsed"),
        ({"status": "failed"}, "failed"),
    ],
)
def test_table_shows_status_of_request(capsys, changes, shown):
    request_tables.requests([request_row(**changes)], as_json=False)
    assert shown in capsys.readouterr().out.splitlines()[2].split()


@pytest.mark.parametrize("columns", [80, 149, 150, 200])
def test_request_is_whole_at_every_width(monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    changes = {"request": {"student_query": QUESTION}, "stage": "dead_letters", "modality": "audio"}
    request_tables.requests([request_row(status="cancelled", **changes)], as_json=False)
    shown = capsys.readouterr().out.split()
    month_day, time = WHEN.astimezone().strftime("%m-%d %H:%M:%S").split()
    whole = {REQUEST, *QUESTION.split(), month_day, time, "audio", "25", "cancelled", "$0.00125"}
    assert whole | {"dead_letters"} <= set(shown)


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({"running": 1}, "1 request: 1 running"),
        (
            {"failed": 1, "lapsed": 2, "completed": 1200},
            "1,203 requests: 1,200 completed, 1 failed, 2 lapsed; the newest 1 are shown",
        ),
    ],
)
def test_counts_stand_below_table(capsys, counts, line):
    request_tables.requests([request_row()], as_json=False, counts=counts)
    assert capsys.readouterr().out.splitlines()[-1] == line


def test_watch_reads_until_interrupted(capsys, monkeypatch):
    readings = iter([([request_row()], {"running": 1}), ([], {})])

    def read():
        try:
            return next(readings)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(request_tables, "WATCH_INTERVAL", 0)
    request_tables.watch_requests(read)
    shown = capsys.readouterr().out
    assert shown.index("1 request: 1 running") < shown.index("no requests yet")
    assert "0 requests" in shown
