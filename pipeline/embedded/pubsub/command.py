"""The command `python -m pipeline.embedded.pubsub` runs the server in its own process."""

from __future__ import annotations

import argparse
import sys
import threading
import time

from pipeline.embedded.pubsub.server import PubSubServer
from pipeline.stop_signals import stop_on_signals
from transforms.errors import DependencyDown


def main() -> None:
    """Run the Pub/Sub server until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.embedded.pubsub",
        description="An in-memory Pub/Sub server on the loopback, for development and tests.",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port to listen on; a free one by default"
    )
    arguments = parser.parse_args()
    stop = threading.Event()
    try:
        with stop_on_signals(stop), PubSubServer(arguments.port) as server:
            print(f"export PUBSUB_EMULATOR_HOST={server.host}", flush=True)
            while not stop.is_set():
                time.sleep(0.2)
    except DependencyDown as error:
        sys.exit(str(error))
