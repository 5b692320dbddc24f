"""A drain pauses while its hourly budget is spent, and resumes by itself."""

from __future__ import annotations

from pipeline.embedded.process import free_port
from tests.e2e import command
from tests.e2e.command import get
from tests.e2e.test_drain import place  # noqa: F401  (a fixture)
from tests.integration.ledger_support import (
    completed,
    let_hour_pass,
    message,
    record,
    request,
    take,
)
from transforms.ledger import ClaimRequest


def test_drain_stops_pulling_while_budget_is_spent(place):  # noqa: F811
    lesson = take(place.ledger, ClaimRequest(message(), request()))  # some other worker's
    lesson = lesson.with_record(record(lesson, cost_usd=0.5))
    place.ledger.complete([completed(lesson)])
    place.publish(command.request())
    port = free_port()
    process = place.start("--max-cost-per-hour", "0.5", "--health-port", port)
    place.wait_for(lambda: "requests wait" in place.log(), process)
    assert "have spent $0.500000 within an hour, of $0.500000" in place.log()
    metrics = get(port, "/metrics")[1]
    assert "vividly_hour_cost_usd 0.5" in metrics
    assert "vividly_received_total 0.0" in metrics
    let_hour_pass(place.ledger)
    output, _ = process.communicate(timeout=120)
    assert "going on" in place.log()
    summary = command.summary(output)
    assert (summary["received"], summary["completed"]) == (1, 1)
    assert summary["cost_usd"] == summary["stages"]["script"]["cost_usd"] > 0

    spent = command.run("cost", "--by", "modality", **place.environment)
    assert spent.returncode == 0, spent.stderr
    assert "text" in spent.stdout
