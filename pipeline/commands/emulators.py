"""Run Postgres and a Pub/Sub server on this machine until stopped, for development.

Prints the environment variables that point the other commands and Google's clients to them.
"""

from __future__ import annotations

import argparse
import threading
import time

HELP = "run Postgres and a Pub/Sub server on this machine"
EXAMPLES = """examples:
  vividly emulators --port 8085
  # in another terminal, after pasting the exports it prints:
  vividly publish --query "Explain gravity" --grade 8
  vividly drain --empty-queue-timeout 5
"""
SETTINGS = ["project", "topic", "subscription", "state"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the port."""
    parser.add_argument(
        "--port",
        type=int,
        default=8085,
        metavar="N",
        help="port of the Pub/Sub server [default 8085]",
    )


def run(chosen: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    from pipeline.embedded import services
    from pipeline.jobs import resources
    from pipeline.stop_signals import stop_on_signals

    stop = threading.Event()
    chosen.database = None
    with (
        stop_on_signals(stop),
        resources.open_ledger(chosen) as ledger,
        services.start_pubsub(
            chosen.project, chosen.topic, chosen.subscription, chosen.port
        ) as host,
    ):
        print(f"export PUBSUB_EMULATOR_HOST={host}")
        print(f"export VIVIDLY_PROJECT={chosen.project}")
        print(f"export VIVIDLY_DATABASE={ledger.url}", flush=True)
        while not stop.is_set():
            time.sleep(0.2)
    return 0
