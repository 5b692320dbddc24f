"""Serve web pages and an HTTP API on this machine: ask, watch, cancel and replay.

Without --database it starts Postgres, a Pub/Sub server and a drain, and works requests off until
it is stopped; what another command runs in --state already is used. With --database it publishes to
--topic and reads that ledger, and other jobs do the work. It answers on 127.0.0.1 only and has no
accounts.
"""

from __future__ import annotations

import argparse
import threading
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from pipeline.settings import OWN as ALL
from pipeline.settings.arguments import checked
from pipeline.settings.parsers import port_or_any
from pipeline.usage_error import UsageError

HELP = "serve web pages and an HTTP API on this machine"
EXAMPLES = """examples:
  vividly serve
  vividly serve --port 0 --script-engine gemini --project my-project
  vividly serve --database postgresql://vividly@10.0.0.5/vividly --artifacts gs://my-lessons \\
      --project my-project --topic content-requests
"""
PORT = 8765
PACKAGES = ("starlette", "uvicorn", "python_multipart")
"""Packages of the extra `serve`."""

SETTINGS = [
    *(setting.name for setting in ALL if setting.graph),
    *("artifacts", "state", "database", "connections", "project", "topic", "subscription"),
    *("id-label", "workers", "batch-size", "dependency-timeout", "shutdown-grace"),
]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the argument for the port."""
    parser.add_argument(
        "--port",
        type=checked(port_or_any),
        default=PORT,
        metavar="N",
        help=f"port of the pages, on 127.0.0.1; 0 for a free one [default {PORT}]",
    )


def run(chosen: argparse.Namespace) -> int:
    """Run the web server until SIGINT or SIGTERM; return the exit status.

    Raises:
        UsageError: The extra `serve` is not installed, or the port is in use.
    """
    _check_installed()
    from pipeline.embedded import services
    from pipeline.jobs import resources
    from pipeline.ports import check_port
    from pipeline.serve import local_drain
    from pipeline.serve.app import build_app
    from pipeline.serve.estimates import read_estimates
    from pipeline.serve.resumption import Resumption
    from pipeline.serve.server import WebServer
    from pipeline.serve.services import RequestService
    from pipeline.settings import subscription_path, topic_path

    check_port("--port", chosen.port)
    topic = topic_path(chosen.topic, chosen.project)
    estimates = read_estimates(chosen)
    with ExitStack() as running:
        ledger = running.enter_context(resources.open_ledger(chosen))
        store = resources.artifact_store(chosen)
        service = RequestService(ledger, store, topic, chosen.id_label)
        server = WebServer(lambda port: build_app(service, estimates, port), chosen.port)
        if chosen.database:
            running.enter_context(server)
            return _wait_for_signal(server.url)
        owned = None
        if not services.use_running_pubsub(chosen.state, chosen.project):
            owned = subscription_path(chosen.subscription, chosen.project)
            running.enter_context(
                services.start_pubsub(
                    Path(chosen.state), chosen.project, chosen.topic, chosen.subscription
                )
            )
        drain = local_drain.make_drain(chosen, ledger)
        running.enter_context(Resumption(service))
        running.enter_context(server)
        _announce(server.url)
        return local_drain.run_until_stopped(drain, ledger, owned)


def _wait_for_signal(url: str) -> int:
    from pipeline.stop_signals import stop_on_signals

    stop = threading.Event()
    with stop_on_signals(stop):
        _announce(url)
        while not stop.wait(0.2):
            pass
    return 0


def _announce(url: str) -> None:
    print(f"Open {url} in a browser; Ctrl-C ends it", flush=True)


def _check_installed() -> None:
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        from transforms.installation import install_extra

        raise UsageError(f"`vividly serve` needs {missing[0]}: {install_extra('serve')}")
