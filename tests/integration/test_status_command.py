"""`vividly status` filters and counts requests, and names lapsed ones."""

from __future__ import annotations

import json

import pytest

from pipeline.cli.app import main
from tests.integration.ledger_support import (
    completed,
    let_lease_lapse,
    message,
    request,
    take,
)
from transforms.ledger import ClaimRequest


@pytest.fixture
def requests(ledger):
    """Three requests: running in narration, lapsed, and completed for another student."""
    working, lapsed = (take(ledger, ClaimRequest(message(), request())) for _ in range(2))
    ledger.progress([(working, "narration", 40)])
    let_lease_lapse(ledger, lapsed.request.request_id)
    done = take(ledger, ClaimRequest(message(), request(student_id="student-2")))
    assert ledger.complete([completed(done)]) == [True]
    return {"running": working, "lapsed": lapsed, "completed": done}


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ([], ["completed", "lapsed", "running"]),
        (["--status", "lapsed"], ["lapsed"]),
        (["--status", "running"], ["running"]),
        (["--student", "student-2"], ["completed"]),
        (["--stage", "narration"], ["running"]),
        (["--since", "1h", "--limit", "1"], ["completed"]),
        (["--since", "2999-01-01"], []),
    ],
)
def test_options_select_requests(ledger, requests, capsys, options, shown):
    assert main(["status", "--json", "--database", ledger.url, *options]) == 0
    found = [row["request_id"] for row in json.loads(capsys.readouterr().out)]
    assert found == [requests[name].request.request_id for name in shown]


def test_counts_include_requests_beyond_limit(ledger, requests, capsys):
    assert main(["status", "--database", ledger.url, "--limit", "1"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    counts = "3 requests: 1 completed, 1 running, 1 lapsed"
    assert last == f"{counts}; the newest 1 are shown"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--watch", "--json"], "leave out --json"),
        (["123e4567-e89b-12d3-a456-426614174000", "--stage", "script"], "or filters"),
    ],
)
def test_contradictory_options_are_refused(options, reason, capsys):
    command = ["status", "--database", "postgresql://owner@nowhere.invalid/vividly", *options]
    assert main(command) == 2
    assert reason in capsys.readouterr().err
