"""Run Postgres and servers of Pub/Sub and Cloud Storage on this machine, for development.

Prints the environment variables that point the other commands and Google's clients to them, and
serves until stopped.
"""

from __future__ import annotations

import argparse
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from pipeline.settings import port_number
from pipeline.settings.arguments import checked

HELP = "run Postgres, Pub/Sub and Cloud Storage servers on this machine"
EXAMPLES = """examples:
  vividly emulators --port 8085
  # in another terminal, after pasting the exports it prints:
  vividly publish --query "Explain gravity" --grade 8
  vividly drain --empty-queue-timeout 5
  vividly emulators --storage  # artifacts in a bucket instead of a folder
"""
SETTINGS = ["project", "topic", "subscription", "state"]
BUCKET = "lessons"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the port of Pub/Sub and for Cloud Storage."""
    parser.add_argument(
        "--port",
        type=checked(port_number),
        default=8085,
        metavar="N",
        help="port of the Pub/Sub server [default 8085]",
    )
    parser.add_argument(
        "--storage",
        action="store_true",
        help="also run a Cloud Storage server, for artifacts in a bucket",
    )


def run(chosen: argparse.Namespace) -> int:
    """Run the emulators until SIGINT or SIGTERM."""
    from pipeline.embedded import services
    from pipeline.jobs import resources
    from pipeline.ports import check_port
    from pipeline.stop_signals import stop_on_signals

    check_port("--port", chosen.port)
    stop = threading.Event()
    chosen.database = None
    with ExitStack() as running:
        running.enter_context(stop_on_signals(stop))
        ledger = running.enter_context(resources.open_ledger(chosen))
        host = running.enter_context(
            services.start_pubsub(
                Path(chosen.state), chosen.project, chosen.topic, chosen.subscription, chosen.port
            )
        )
        exports = {
            "PUBSUB_EMULATOR_HOST": host,
            "VIVIDLY_PROJECT": chosen.project,
            "VIVIDLY_DATABASE": ledger.url,
        }
        if chosen.storage:
            from pipeline.embedded.storage import StorageServer

            server = running.enter_context(StorageServer(Path(chosen.state) / "storage"))
            exports["VIVIDLY_ARTIFACTS"] = server.create_bucket(BUCKET)
            exports |= server.client_environment() | {"GOOGLE_CLOUD_PROJECT": chosen.project}
        print(*(f"export {name}={value}" for name, value in exports.items()), sep="\n", flush=True)
        while not stop.is_set():
            time.sleep(0.2)
    return 0
