"""Run the whole pipeline on this machine with embedded services and no cloud account.

Starts Postgres and a Pub/Sub server, publishes the sample requests, drains the subscription and
prints the outcome of each request. Lessons, the ledger and an HTML report stay under `var/`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipeline.settings import OWN as ALL
from pipeline.settings import subscription_path, topic_path

HELP = "try the pipeline with embedded services, no cloud account"
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
    """Add no arguments: the command has settings only."""


def run(chosen: argparse.Namespace) -> int:
    """Run the demo: publish sample requests, process them and print the results.

    Returns:
        The exit status: 0 if every message is settled and one is completed, else 1.
    """
    from pipeline import samples
    from pipeline.cli import demo_output
    from pipeline.cli.progress import results, show_progress
    from pipeline.commands.publish import publish
    from pipeline.embedded import services
    from pipeline.jobs import resources
    from pipeline.jobs.drain import Drain, Timing
    from pipeline.monitoring import logging_config
    from pipeline.monitoring.summary import write_summary
    from pipeline.report import render
    from pipeline.report.data import gather
    from transforms.ledger.scoped import Scope

    state = Path(chosen.state)
    state.mkdir(parents=True, exist_ok=True)
    log_file = state / "demo.log"
    logging_config.configure(chosen.log_level, file=log_file)
    chosen.database = chosen.dead_letter_topic = chosen.care_topic = None
    show = demo_output.DemoOutput()
    show.step("Starting Postgres and the Pub/Sub server")
    with (
        resources.open_ledger(chosen) as ledger,
        services.start_pubsub(state, PROJECT, TOPIC, SUBSCRIPTION) as host,
    ):
        lines = samples.fresh()
        show.step(f"Publishing {len(lines)} messages to {TOPIC} on {host}")
        published = publish(topic_path(TOPIC, PROJECT), iter(lines))
        show.step("Draining the subscription: script, narration, video, publish")
        drain = Drain(
            subscription_path(SUBSCRIPTION, PROJECT),
            resources.graph_for(chosen, ledger),
            resources.worker_count(chosen),
            Timing(**TIMING),
        )
        with show_progress(show.console, ledger, published):
            result = drain.run()
        rows, letters = results(ledger, published)
        report = Path(chosen.report or state / "report.html")
        found = gather(ledger, Scope(message_ids=tuple(published)), "Demo")
    render.write(found, report)
    show.results(rows, letters, result, Path(chosen.artifacts), log_file, report)
    if chosen.summary:
        write_summary(result, chosen.summary)
    return 0 if result["in_flight"] == 0 and result["completed"] else 1
