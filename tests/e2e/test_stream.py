"""`vividly run` on the DirectRunner processes messages of a Pub/Sub server."""

from __future__ import annotations

import signal

import pytest

from pipeline.embedded.process import free_port
from tests.e2e import command
from tests.e2e.command import get
from tests.e2e.test_drain import place  # noqa: F401  (a fixture)


@pytest.fixture
def stream(place):  # noqa: F811
    """Return a function that starts the stream."""

    def start(*arguments):
        log = place.folder / "drain.log"
        return command.start(log, "run", *arguments, **place.environment)

    return start


def test_stream_processes_messages_until_stopped(place, stream):  # noqa: F811
    port = free_port()
    first = command.request()
    place.publish(first, b"not JSON", first)
    process = stream("--health-port", port)
    place.wait_for(lambda: "/metrics on port" in place.log(), process)
    assert get(port, "/healthz") == (200, '{"status": "alive"}')
    place.wait_for(lambda: get(port, "/readyz")[0] == 200, process)
    place.wait_for(lambda: 'outcome="completed"} 1.0' in get(port, "/metrics")[1], process)
    place.publish(command.request("Explain gravity", requested_modalities=["audio"]))
    place.wait_for(lambda: 'outcome="completed"} 2.0' in get(port, "/metrics")[1], process)
    metrics = get(port, "/metrics")[1]
    assert "vividly_received_total 4.0" in metrics
    assert "vividly_in_flight 0.0" in metrics
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, place.log()
    summary = command.summary(output)
    assert (summary["mode"], summary["exit_reason"]) == ("stream", "signal")
    counts = ("received", "completed", "duplicates", "dead_lettered")
    assert [summary[name] for name in counts] == [4, 2, 1, 1]
    totals = place.ledger.totals()
    assert (totals.received, totals.in_flight) == (4, 0)


def test_missing_subscription_is_reported(place, stream):  # noqa: F811
    process = stream("--subscription", "no-such-subscription")
    process.communicate(timeout=120)
    assert process.returncode == 2
    assert "no-such-subscription" in place.log()
    assert "Traceback" not in place.log().splitlines()[-1]


def test_dataflow_only_option_is_refused(place, stream):  # noqa: F811
    process = stream("--id-label", "publication")
    process.communicate(timeout=120)
    assert process.returncode == 2
    assert "--id-label works on Dataflow only" in place.log()
