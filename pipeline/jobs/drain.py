"""Job that processes a Pub/Sub subscription until it is empty (`vividly drain`).

Beam's DirectRunner acknowledges messages when it pulls them and loses those in flight when it is
killed. This job has a pull loop of its own: it acknowledges a message once its outcome is
committed, extends its deadline until then, and goes on pulling meanwhile. Its background threads
are supervised: one that fails or makes no progress ends the job with an error.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.api_core import exceptions

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.jobs.leases import LeaseManager
from pipeline.jobs.pull_size import PullSize
from pipeline.jobs.puller import Puller
from pipeline.jobs.scheduler import Fault, Scheduler
from pipeline.monitoring.health import check_running, serving
from pipeline.monitoring.prometheus import metrics_registry
from pipeline.monitoring.readiness import Check
from pipeline.monitoring.summary import SETTLED, Tally
from pipeline.stop_signals import stop_fault, stop_on_signals
from pipeline.usage_error import UsageError
from transforms import pubsub_client
from transforms.errors import ConfigurationFault, DependencyDown, EnvironmentFault
from transforms.model import Message, Outcome
from transforms.parse import peek
from transforms.process.backoff import Backoff
from transforms.process.supervision import (
    SupervisedThread,
    ThreadFailed,
    first_failure,
    restart_stale,
)
from transforms.process.waiting import interrupted_waits
from transforms.telemetry import tracing

log = logging.getLogger(__name__)

SHORTEST_PULL = 1.0
"""Seconds; messages sent to a pull that timed out stay leased for a whole deadline."""
EMPTY_PULL_PAUSE = 0.25  # seconds; a server may answer an empty pull immediately
LINGERING_PULL = 3.0  # seconds; after the empty-queue timeout, while messages are in flight
LONGEST_ACK_DEADLINE = 600.0
"""Seconds; the longest that Pub/Sub allows: https://cloud.google.com/pubsub/docs/lease-management"""
BACKOFF = Backoff(first=0.5, longest=4.0)  # between pulls while Pub/Sub is down
POLL = 0.05  # seconds between two looks at the threads
STALE = 120.0
"""Seconds, beyond those of a pull, after which a puller without progress counts as dead.

Reading the budget from a frozen Postgres takes up to a minute."""

CLOSE_SECONDS = 3.0
"""Seconds after the shutdown grace in which everything left is handed back."""


@dataclass(frozen=True)
class Timing:
    """Settings of a drain: time limits in seconds, size of pulls, and health port.

    Attributes:
        batch_size: Most messages in one pull.
        max_runtime: Seconds after which pulling ends.
        empty_queue_timeout: Seconds without a message after which the drain ends.
        pull_timeout: Seconds that one pull waits for messages.
        shutdown_grace: Seconds to finish runs in progress at the end.
        dependency_timeout: Seconds a dependency may stay down.
        health_port: Port of the health server; None for no server.
    """

    batch_size: int
    max_runtime: float
    empty_queue_timeout: float
    pull_timeout: float
    shutdown_grace: float
    dependency_timeout: float
    health_port: int | None = None


class Drain:
    """Drains one subscription once.

    Args:
        subscription: Full resource name of the subscription.
        graph: Runner of the graph.
        workers: Number of requests processed in parallel.
        timing: Time limits and pull size.
        keep_ids: Collect `message_ids`.
    """

    def __init__(
        self,
        subscription: str,
        graph: GraphRunner,
        workers: int,
        timing: Timing,
        keep_ids: bool = False,
    ) -> None:
        self._subscription = subscription
        self._timing = timing
        self._client = pubsub_client.subscriber_client()
        self._tally = Tally("drain", keep_ids)
        self._puller = Puller(self._client, subscription)
        self._leases = LeaseManager(self._client, subscription)
        self._scheduler = Scheduler(graph, workers, self._settled, timing.dependency_timeout)
        self._pull_size = PullSize(timing.batch_size, lambda: self._scheduler.heavy_places)
        self._stop = threading.Event()
        self._graph = graph
        self._pulling = SupervisedThread(
            "puller", self._pull_until_done, STALE + timing.pull_timeout
        )
        self._pubsub_down: EnvironmentFault | None = None
        self._end: str | UsageError = "signal"  # why pulling ended
        self._trouble = "not reached yet"  # error of the last pull; empty if it succeeded
        self._unseen_until = 0.0  # monotonic time of `_wait_for_unseen`
        self._unsettled: set[str] = set()

    def run(self) -> dict[str, Any]:
        """Drain the subscription and return the summary.

        Raises:
            UsageError: The subscription does not exist or this account may not read it.
        """
        metrics = metrics_registry(
            self._tally,
            lambda: self._scheduler.down_seconds,
            self._graph.meter,
            self._graph.lapsed_claims,
        )
        with (
            serving(self._timing.health_port, self._checks(), metrics, self._thread_failure),
            stop_on_signals(self._stop),
        ):
            return self._run()

    def _run(self) -> dict[str, Any]:
        self._pulling.start()
        while self._pulling.is_alive() and not (self._stop.is_set() or self.down):
            self._pulling.join(POLL)
            restart_stale()
        down = self.down
        self._shut_down()
        if isinstance(self._end, UsageError):
            raise self._end
        return self._tally.summary(down.exit_reason if down else self._end)

    @interrupted_waits()
    def _shut_down(self) -> None:
        """End every thread within the shutdown grace and `CLOSE_SECONDS`.

        Messages that no thread has taken, and those that wait for an engine, are returned at once.
        The others keep their leases until the grace is over, because returning work in progress
        would pay for it twice.
        """
        grace_end = time.monotonic() + self._timing.shutdown_grace
        end = grace_end + CLOSE_SECONDS
        self._stop.set()
        self._puller.close()
        nacked = self._leases.nack([each.message_id for each in self._scheduler.withdraw()])
        self._pulling.join(grace_end - time.monotonic())
        finished = self._scheduler.close(max(0.0, grace_end - time.monotonic()))
        nacked += self._leases.nack()
        tracing.begin_close()
        if nacked:
            log.info(
                "released %d unsettled messages%s",
                nacked,
                "" if finished else "; some were still being processed",
            )
        if not self._leases.flush(end - time.monotonic()):
            log.warning(
                "Pub/Sub did not answer in time; it delivers these messages again when their "
                "leases have ended"
            )
        if self._leases.close(end - time.monotonic()):
            self._client.close()

    def _thread_failure(self) -> ThreadFailed | None:
        return (
            first_failure((self._pulling, *self._leases.threads)) or self._scheduler.thread_failure
        )

    @property
    def message_ids(self) -> tuple[str, ...]:
        """Ids of the messages settled by this drain; empty without `keep_ids`."""
        return self._tally.message_ids

    @property
    def down(self) -> Fault | None:
        """The fault that ended this drain; None if none did."""
        return stop_fault() or self._pubsub_down or self._scheduler.down or self._thread_failure()

    def _checks(self) -> dict[str, Check]:
        def subscription() -> None:
            if self._trouble:
                raise DependencyDown("pubsub", self._trouble)

        running = check_running(self._stop)
        return {**self._graph.checks(), "subscription": subscription,
                "scheduler": self._scheduler.check, "running": running}  # fmt: skip

    def _pull_until_done(self) -> None:
        try:
            self._end = self._pull_loop()
        except EnvironmentFault as fault:
            self._pubsub_down = fault
        except UsageError as error:
            self._end = error  # raised again on the main thread

    def _pull_loop(self) -> str:
        timing = self._timing
        end = time.monotonic() + timing.max_runtime
        empty_since = time.monotonic()
        found_empty = False  # true if a pull has found the queue empty since then
        while not (self._stop.is_set() or self._scheduler.down):
            self._pulling.stamp()
            now = time.monotonic()
            if now >= end:
                return "max_runtime"
            if not self._may_pull():
                empty_since, found_empty = time.monotonic(), False
                continue
            idle_left = max(empty_since + timing.empty_queue_timeout, self._unseen_until) - now
            if not found_empty:
                idle_left = max(idle_left, SHORTEST_PULL)
            elif idle_left <= 0:
                if self._scheduler.idle and not len(self._leases):
                    return "empty_queue"
                idle_left = LINGERING_PULL
            left = min(max(timing.pull_timeout, SHORTEST_PULL), idle_left, end - now)
            if left < SHORTEST_PULL:
                self._stop.wait(left)
                continue
            pulled = self._pull(left)
            found_empty = not pulled
            if pulled:
                empty_since = time.monotonic()
            elif time.monotonic() - now < EMPTY_PULL_PAUSE:
                self._stop.wait(min(EMPTY_PULL_PAUSE, idle_left))
        return "signal"

    def _may_pull(self) -> bool:
        """Return whether to pull more messages; if not, wait a little first."""
        if self._graph.budget_exhausted:
            self._stop.wait(EMPTY_PULL_PAUSE)
            return False
        if not self._scheduler.has_room(self._leases.in_work, EMPTY_PULL_PAUSE):
            return False
        if not self._pull_size.next():
            self._scheduler.wait_for_change(EMPTY_PULL_PAUSE)
            return False
        return True

    def _pull(self, timeout: float) -> int:
        started = time.monotonic()
        failures = 0
        while True:
            self._pulling.stamp()
            try:
                received = self._puller.pull(self._pull_size.next() or 1, timeout).received_messages
                break
            except (exceptions.DeadlineExceeded, exceptions.Cancelled):
                received = []
                break
            except (exceptions.NotFound, exceptions.InvalidArgument) as error:
                raise UsageError(
                    f"cannot pull from {self._subscription}: {error.message} "
                    "(check --subscription and --project)"
                ) from error
            except (exceptions.PermissionDenied, exceptions.Unauthenticated) as error:
                raise ConfigurationFault(
                    "pubsub",
                    f"cannot pull from {self._subscription}: {error.message} (give this account "
                    "the role Pub/Sub Subscriber)",
                ) from error
            except exceptions.GoogleAPICallError as error:
                down = time.monotonic() - started
                self._trouble = str(error.message)
                log.warning("waiting for Pub/Sub, which is down: %s", error.message)
                if down >= self._timing.dependency_timeout:
                    raise DependencyDown("pubsub", error.message) from error
                failures += 1
                if self._stop.wait(BACKOFF.delay(failures)):
                    return 0
        self._trouble = ""
        if failures:
            self._wait_for_unseen()
        return self._accept(received, time.monotonic() - started) if received else 0

    def _wait_for_unseen(self) -> None:
        """Keep pulling for one acknowledgement deadline more, even if the queue is empty.

        Messages in a response that a cut connection lost are leased to this drain and delivered
        again after that time.
        """
        try:
            found = self._client.get_subscription(subscription=self._subscription, timeout=10)
            seconds = float(found.ack_deadline_seconds)
        except exceptions.GoogleAPIError:  # the right to pull does not include this one
            seconds = LONGEST_ACK_DEADLINE
        log.info("pulling for %.0f s more: messages of a failed pull may come again", seconds)
        self._unseen_until = time.monotonic() + seconds

    def _accept(self, received: Sequence[Any], seconds: float) -> int:
        log.info("pulled %d messages in %.1f s", len(received), seconds)
        if self._stop.is_set():  # pulled too late: return them to the subscription
            for each in received:
                self._leases.add(each.message.message_id, each.ack_id)
            self._leases.nack([each.message.message_id for each in received])
            return 0
        accepted = heavy = 0
        for each in received:
            message = Message(
                data=each.message.data,
                attributes=dict(each.message.attributes),
                message_id=each.message.message_id,
                publish_time=each.message.publish_time,
                delivery_attempt=each.delivery_attempt,
            )
            ordering_key = each.message.ordering_key
            if not self._leases.add(message.message_id, each.ack_id, ordering_key):
                continue
            if message.message_id in self._unsettled:
                self._unsettled.discard(message.message_id)  # counted as received before
            else:
                self._tally.received(1)
            request = peek(message.data)
            is_heavy = request is not None and request.modality != "text"
            tracing.record_pull(message, request, seconds)
            accepted += 1
            heavy += is_heavy
            student = request.student_id if request else ""
            key = self._graph.shared_key(request) if is_heavy else None
            self._scheduler.submit(message, is_heavy, student, key)
        self._pull_size.record(accepted, heavy)
        return len(received)

    def _settled(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        self._tally.settled(outcomes)
        settled = {o.message_id for o in outcomes if o.status in SETTLED}
        superseded = {o.message_id for o in outcomes} - settled
        self._leases.drop(superseded)
        self._leases.acknowledge(settled)
        failed = {m.message_id for m in messages} - settled - superseded
        self._leases.nack(failed)
        self._unsettled.update(superseded | failed)
