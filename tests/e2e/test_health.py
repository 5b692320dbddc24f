"""A running drain serves health, readiness and metrics over HTTP."""

from __future__ import annotations

import json

import pytest

from pipeline.embedded.process import free_port
from tests.e2e import command
from tests.e2e.command import get
from tests.e2e.test_drain import place  # noqa: F401  (a fixture)


@pytest.mark.parametrize("by", ["option", "PORT"])
def test_drain_serves_health_and_metrics(place, by):  # noqa: F811
    port = free_port()
    place.publish(command.request(), b"not JSON")
    if by == "PORT":
        place.environment["PORT"] = str(port)
    process = place.start(
        "--empty-queue-timeout", "60", *(("--health-port", port) if by == "option" else ())
    )
    place.wait_for(lambda: f"/metrics on port {port}" in place.log(), process)
    assert get(port, "/healthz") == (200, '{"status": "alive"}')
    place.wait_for(lambda: get(port, "/readyz")[0] == 200, process)
    place.wait_for(lambda: 'outcome="dead_lettered"} 1.0' in get(port, "/metrics")[1], process)
    place.wait_for(lambda: 'outcome="completed"} 1.0' in get(port, "/metrics")[1], process)
    metrics = get(port, "/metrics")[1]
    assert "vividly_received_total 2.0" in metrics
    assert "vividly_in_flight 0.0" in metrics
    assert 'vividly_stage_seconds_count{stage="script"} 1.0' in metrics
    assert get(port, "/nothing")[0] == 404
    process.terminate()
    assert process.wait(60) == 0


def test_readiness_names_unavailable_dependency(place):  # noqa: F811
    port = free_port()
    place.environment["PUBSUB_EMULATOR_HOST"] = "127.0.0.1:1"
    process = place.start("--dependency-timeout", "60", "--health-port", port)
    place.wait_for(lambda: f"/metrics on port {port}" in place.log(), process)
    place.wait_for(lambda: "waiting for" in place.log(), process)
    status, body = get(port, "/readyz")
    assert status == 503
    assert list(json.loads(body)["down"]) == ["subscription"]
    assert get(port, "/healthz")[0] == 200
    process.terminate()
    assert process.wait(60) == 0
