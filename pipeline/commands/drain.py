"""Process a Pub/Sub subscription until it is empty, then exit.

A message is acknowledged once its outcome is committed to the ledger. The drain ends when the
subscription stays empty, after --max-runtime, or on SIGTERM. The last line printed is a summary in
JSON.
"""

from __future__ import annotations

import argparse

from pipeline.settings import LOGGING, STREAM, subscription_path
from pipeline.settings import OWN as ALL

HELP = "process a Pub/Sub subscription until it is empty"
EXAMPLES = """examples:
  vividly drain --project my-project --subscription content-requests-drain \\
      --database postgresql://vividly@10.0.0.5/vividly --artifacts gs://my-lessons
  PUBSUB_EMULATOR_HOST=localhost:8085 vividly drain --empty-queue-timeout 10
"""
SETTINGS = [
    setting.name
    for setting in ALL
    if setting.name not in ("topic", *LOGGING) and setting.group != STREAM
]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no arguments: the command has settings only."""


def run(chosen: argparse.Namespace) -> int:
    """Drain; see `pipeline.jobs.lifecycle` for the exit status."""
    from pipeline.embedded import services
    from pipeline.jobs import lifecycle, preflight, resources
    from pipeline.jobs.drain import Drain, Timing

    lifecycle.log_settings("drain", chosen, SETTINGS)
    services.use_running_pubsub(chosen.state, chosen.project)
    subscription = subscription_path(chosen.subscription, chosen.project)
    timing = Timing(
        batch_size=chosen.batch_size,
        max_runtime=chosen.max_runtime,
        empty_queue_timeout=chosen.empty_queue_timeout,
        pull_timeout=chosen.pull_timeout,
        shutdown_grace=chosen.shutdown_grace,
        dependency_timeout=chosen.dependency_timeout,
        health_port=chosen.health_port,
    )
    with resources.open_ledger(chosen) as ledger:
        graph = resources.graph_for(chosen, ledger)
        preflight.require("drain", chosen)
        drain = Drain(
            subscription,
            graph,
            resources.worker_count(chosen),
            timing,
            keep_ids=bool(chosen.report),
        )
        result = drain.run()
        return lifecycle.finish_job(
            result,
            drain.down,
            chosen,
            lambda: lifecycle.write_report(result, drain.message_ids, ledger, chosen),
        )
