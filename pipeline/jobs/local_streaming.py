"""Streaming job in this process on Beam's DirectRunner, for development only.

The runner pulls ten messages at a time, acknowledges them before it processes them, uses one
thread, and stops after a step has failed four times. Messages it had pulled by then stay in flight
in the ledger and are not delivered again.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import apache_beam as beam
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from google.api_core import exceptions

from pipeline.jobs.streaming import build_stream, report_to_tally
from pipeline.monitoring.health import check_running, dependencies, serving
from pipeline.monitoring.prometheus import metrics_registry
from pipeline.monitoring.readiness import Check
from pipeline.monitoring.summary import Tally
from pipeline.settings.beam_options import VividlyOptions
from pipeline.stop_signals import stop_fault, stop_on_signals
from pipeline.usage_error import UsageError
from transforms import pubsub_client
from transforms.artifacts import ArtifactStore
from transforms.errors import DependencyDown, EnvironmentFault
from transforms.faults import environment_fault
from transforms.ledger import Ledger
from transforms.process.supervision import restart_stale
from transforms.stage.budget import budget_meter
from transforms.stage.lapsed_claims import lapsed_claims_meter

log = logging.getLogger(__name__)

POLL = 0.1  # seconds between two checks of the stop event


class LocalStream:
    """Runs the streaming job once.

    Args:
        subscription: Full resource name of the subscription.
        options: Settings of the graph.
        ledger: Store of claims and outcomes.
        store: Store of artifacts.
    """

    def __init__(
        self, subscription: str, options: VividlyOptions, ledger: Ledger, store: ArtifactStore
    ) -> None:
        self._subscription = subscription
        self._ledger = ledger
        self._store = store
        self._tally = Tally("stream")
        self._stop = threading.Event()
        self._error: Exception | None = None
        # An explicit runner keeps Beam from choosing one by the graph and from downloading Prism.
        self._pipeline = beam.Pipeline(runner=BundleBasedDirectRunner(), options=options)
        build_stream(self._pipeline, subscription, None, options, ledger, store)
        self.down: EnvironmentFault | None = None
        """The fault that ended the job; None if none did."""

    def run(self, health_port: int | None, grace: float) -> dict[str, Any]:
        """Run until SIGTERM or SIGINT, or until a step has failed too often.

        Args:
            health_port: Port of the health server; None for no server.
            grace: Seconds to finish messages in flight after a stop signal.

        Returns:
            The summary; see `Tally.summary`.

        Raises:
            UsageError: The subscription does not exist or this account may not read it.
        """
        report_to_tally(self._tally)
        metrics = metrics_registry(
            self._tally,
            lambda: 0.0,
            budget_meter(self._ledger),
            lapsed_claims_meter(self._ledger),
        )
        with stop_on_signals(self._stop), serving(health_port, self._checks(), metrics):
            reason = self._run(grace)
        return self._tally.summary(reason)

    def _run(self, grace: float) -> str:
        result = self._pipeline.run()
        waiter = threading.Thread(target=self._await, args=(result,), daemon=True)
        waiter.start()
        while waiter.is_alive() and not self._stop.is_set():
            waiter.join(POLL)
            restart_stale()
        if self._stop.is_set():
            deadline = time.monotonic() + grace
            while self._tally.in_flight and waiter.is_alive() and time.monotonic() < deadline:
                time.sleep(POLL)
            # Not awaited: a pull in progress lasts up to half a minute.
            threading.Thread(target=result.cancel, daemon=True).start()
            self.down = stop_fault()
            return self.down.exit_reason if self.down else "signal"
        return self._failed()

    def _await(self, result: Any) -> None:
        try:
            result.wait_until_finish()
        except Exception as error:  # noqa: BLE001  (handled on the main thread)
            self._error = error

    def _failed(self) -> str:
        error = self._error
        fault = environment_fault(error) if error else None
        if fault:
            self.down = fault.without_step()
            return fault.exit_reason
        if isinstance(error, (exceptions.NotFound, exceptions.PermissionDenied)):
            raise UsageError(
                f"cannot pull from {self._subscription}: {error.message} "
                "(check --subscription and --project, and the roles of this account)"
            ) from error
        if isinstance(error, exceptions.GoogleAPICallError):
            self.down = DependencyDown("pubsub", str(error.message))
            return "dependency_down"
        if error:
            raise error
        return "end"

    def _checks(self) -> dict[str, Check]:
        client = pubsub_client.subscriber_client()

        return {
            **dependencies(self._ledger, self._store),
            "subscription": lambda: client.get_subscription(
                subscription=self._subscription, timeout=5.0
            ),
            "running": check_running(self._stop),
        }
