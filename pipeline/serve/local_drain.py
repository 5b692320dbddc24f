"""The drain of `vividly serve`, which processes the embedded subscription until it is stopped."""

from __future__ import annotations

import argparse
import math

from pipeline.exit_status import DEPENDENCY, FAILED, OK, SIGNAL
from pipeline.jobs import preflight, resources
from pipeline.jobs.backlog import read_backlog
from pipeline.jobs.drain import Drain, Timing
from pipeline.monitoring.logging_config import report_error
from pipeline.settings import subscription_path
from pipeline.stop_signals import last_signal
from transforms.errors import EnvironmentFault
from transforms.ledger import Ledger

PULL_SECONDS = 5.0


def make_drain(chosen: argparse.Namespace, ledger: Ledger) -> Drain:
    """Build the graph and return a drain that ends neither when idle nor after some time.

    Raises:
        UsageError: An engine is not installed or refuses its settings.
        ConfigurationFault: A check of what a job needs fails.
    """
    graph = resources.graph_for(chosen, ledger)
    preflight.require("batch", chosen)
    timing = Timing(
        batch_size=chosen.batch_size,
        max_runtime=math.inf,
        empty_queue_timeout=math.inf,
        pull_timeout=PULL_SECONDS,
        shutdown_grace=chosen.shutdown_grace,
        dependency_timeout=chosen.dependency_timeout,
    )
    subscription = subscription_path(chosen.subscription, chosen.project)
    return Drain(subscription, graph, resources.worker_count(chosen), timing)


def run_until_stopped(drain: Drain, ledger: Ledger, subscription: str | None) -> int:
    """Run a drain until SIGINT, SIGTERM or a fault; return the exit status.

    Args:
        drain: The drain.
        ledger: Its ledger.
        subscription: Its subscription, if the Pub/Sub server and its messages end with the drain.
    """
    result = drain.run()
    if drain.down:
        report_error(str(drain.down))
        return DEPENDENCY if isinstance(drain.down, EnvironmentFault) else FAILED
    begun = ledger.totals().in_flight
    left = read_backlog(subscription).messages if subscription else result["in_flight"]
    lost = max(0, left - begun) if subscription else 0
    if begun:
        noun = "request is" if begun == 1 else "requests are"
        report_error(f"{begun} {noun} unfinished; the next `vividly serve` here continues")
    if lost:
        noun = "request had" if lost == 1 else "requests had"
        report_error(f"{lost} {noun} not begun and must be asked again")
    return SIGNAL + (last_signal() or 0) if begun or left else OK
