"""A first look: everything embedded, no cloud account.

Starts Postgres and a Pub/Sub server on this machine, publishes the sample requests, drains them
through the whole pipeline and shows what came of each. Lessons, ledger and a report to open in a
browser stay under `var/`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipeline.settings import SETTINGS as ALL
from pipeline.settings import subscription_path, topic_path

HELP = "a first look: everything embedded, no cloud account"
EXAMPLES = """examples:
  vividly demo
  vividly demo --video-size 1920x1080
"""
SETTINGS = [
    *(setting.name for setting in ALL if setting.graph),
    *("artifacts", "state", "summary", "report"),
]

PROJECT, TOPIC, SUBSCRIPTION = "vividly-demo", "content-requests", "content-requests-drain"
TIMING: dict[str, Any] = {
    "batch_size": 10,
    "max_runtime": 1800.0,
    "empty_queue_timeout": 3.0,
    "pull_timeout": 2.0,
    "shutdown_grace": 8.0,
    "dependency_timeout": 30.0,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments besides its settings."""


def run(chosen: argparse.Namespace) -> int:
    """Run the demo.

    Returns:
        0 if every sample request ended as it should.
    """
    from pipeline import demo, logs, samples, services
    from pipeline.commands.publish import publish
    from pipeline.drain import Drain, Timing
    from pipeline.embedded import suite
    from pipeline.report import render
    from pipeline.report.data import gather
    from pipeline.summary import write
    from transforms.ledger.scoped import Scope

    state = Path(chosen.state)
    state.mkdir(parents=True, exist_ok=True)
    log_file = state / "demo.log"
    logs.configure(chosen.log_level, file=log_file)
    chosen.database = None
    show = demo.Show()
    show.step("Starting Postgres and the Pub/Sub server")
    with (
        services.open_ledger(chosen) as ledger,
        suite.pubsub(PROJECT, TOPIC, SUBSCRIPTION) as host,
    ):
        lines = samples.fresh()
        show.step(f"Publishing {len(lines)} messages to {TOPIC} on {host}")
        published = publish(topic_path(TOPIC, PROJECT), iter(lines))
        show.step("Draining the subscription: script, narration, video, publish")
        drain = Drain(
            subscription_path(SUBSCRIPTION, PROJECT),
            services.graph_for(chosen, ledger),
            services.workers(chosen),
            Timing(**TIMING),
        )
        with show.progress(ledger, published):
            result = drain.run()
        rows, letters = demo.results(ledger, published)
        report = Path(chosen.report or state / "report.html")
        found = gather(ledger, Scope(message_ids=tuple(published)), "Demo")
    render.write(found, report)
    show.results(rows, letters, result, Path(chosen.artifacts), log_file, report)
    if chosen.summary:
        write(result, chosen.summary)
    return 0 if result["in_flight"] == 0 and result["completed"] else 1
