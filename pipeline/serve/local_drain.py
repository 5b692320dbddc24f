"""The drain of `vividly serve`: it works the embedded subscription off until it is stopped."""

from __future__ import annotations

import argparse
import math

from pipeline.exit_status import DEPENDENCY, FAILED, OK, SIGNAL
from pipeline.jobs import preflight, resources
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


def run_until_stopped(drain: Drain) -> int:
    """Run a drain until SIGINT, SIGTERM or a fault; return the exit status."""
    result = drain.run()
    if drain.down:
        report_error(str(drain.down))
        return DEPENDENCY if isinstance(drain.down, EnvironmentFault) else FAILED
    left = result["in_flight"]
    if left:
        noun = "request is" if left == 1 else "requests are"
        report_error(f"{left} {noun} unfinished; the next `vividly serve` here continues")
        return SIGNAL + (last_signal() or 0)
    return OK
