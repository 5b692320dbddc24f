"""vividly drain: work a Pub/Sub subscription off, then exit.

Beam's own DirectRunner acknowledges messages when it pulls them and loses what is in flight when
it dies, so the pull loop is ours: a message is acknowledged once its outcome is committed, its
lease is extended for as long as that takes, and pulling goes on meanwhile.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.api_core import exceptions
from google.cloud import pubsub_v1

from pipeline.jobs.scheduler import GraphRunner, Scheduler
from pipeline.jobs.stop_signals import stop_on_signals
from pipeline.jobs.subscriber import Leases, Puller
from pipeline.monitoring.health import Check, check_running, serving
from pipeline.monitoring.prometheus import metrics_registry
from pipeline.monitoring.summary import SETTLED, Tally
from pipeline.usage_error import UsageError
from transforms.errors import DependencyDown
from transforms.model import Message, Outcome
from transforms.parse import peek
from transforms.process.backoff import Backoff

log = logging.getLogger(__name__)

SHORTEST_PULL = 1.0  # seconds; what a pull is sent after it was given up waits for a whole lease
EMPTY_PULL_PAUSE = 0.25  # seconds; a server may answer an empty pull at once
LINGERING_PULL = 3.0  # seconds; past the empty-queue timeout, while work still goes on
BACKOFF = Backoff(first=0.5, longest=10.0)  # between pulls while Pub/Sub is down


@dataclass(frozen=True)
class Timing:
    """When to pull and when to stop, in seconds; messages in one pull; where health is served."""

    batch_size: int
    max_runtime: float
    empty_queue_timeout: float
    pull_timeout: float
    shutdown_grace: float
    dependency_timeout: float
    health_port: int | None = None


class Drain:
    """One drain of one subscription.

    Args:
        subscription: its full resource name.
        graph: what every message is put through.
        workers: requests worked on side by side.
        timing: when to pull and when to stop.
        keep_ids: whether to keep `message_ids`.
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
        self._client = pubsub_v1.SubscriberClient()
        self._tally = Tally("drain", keep_ids)
        self._puller = Puller(self._client, subscription)
        self._leases = Leases(self._client, subscription)
        self._lanes = Scheduler(graph, workers, self._settled, timing.dependency_timeout)
        self._stop = threading.Event()
        self._graph = graph
        self._pubsub_down: DependencyDown | None = None
        self._trouble = "not reached yet"  # why the last pull failed; nothing when it did not
        self._unsettled: set[str] = set()

    def run(self) -> dict[str, Any]:
        """Pull until a reason to exit comes up, and return the summary.

        Raises:
            UsageError: the subscription does not exist or may not be read.
        """
        metrics = metrics_registry(self._tally, lambda: self._lanes.waiting_for, self._graph.meter)
        with (
            serving(self._timing.health_port, self._checks(), metrics),
            stop_on_signals(self._stop),
        ):
            return self._run()

    def _run(self) -> dict[str, Any]:
        outcome: list[str | Exception] = []
        puller = threading.Thread(target=self._pull_until_done, args=(outcome,), name="puller")
        puller.start()
        while puller.is_alive() and not (self._stop.is_set() or self._lanes.down):
            puller.join(0.05)
        self._puller.close()
        puller.join()
        reason = "dependency_down" if self.down else outcome[0]
        finished = self._lanes.close(self._timing.shutdown_grace)
        handed_back = self._leases.hand_back()
        if handed_back:
            log.info(
                "handed back %d messages%s",
                handed_back,
                "" if finished else "; some were still being worked on",
            )
        self._leases.close()
        if finished:
            self._client.close()
        if isinstance(reason, Exception):
            raise reason
        return self._tally.summary(reason)

    @property
    def message_ids(self) -> tuple[str, ...]:
        """The messages this drain settled, if they are kept."""
        return self._tally.message_ids

    @property
    def down(self) -> DependencyDown | None:
        """The dependency that made this drain give up, if one did."""
        return self._pubsub_down or self._lanes.down

    def _checks(self) -> dict[str, Check]:
        def subscription() -> None:
            if self._trouble:
                raise DependencyDown("pubsub", self._trouble)

        running = check_running(self._stop)
        return {**self._graph.checks(), "subscription": subscription, "running": running}

    def _pull_until_done(self, outcome: list[str | Exception]) -> None:
        try:
            outcome.append(self._pull_loop())
        except DependencyDown as down:
            self._pubsub_down = down
            outcome.append("dependency_down")
        except Exception as error:  # noqa: BLE001  (raised again on the main thread)
            outcome.append(error)

    def _pull_loop(self) -> str:
        timing = self._timing
        end = time.monotonic() + timing.max_runtime
        empty_since = time.monotonic()
        looked = False  # whether a pull has found the queue empty since then
        while not (self._stop.is_set() or self._lanes.down):
            now = time.monotonic()
            if now >= end:
                return "max_runtime"
            if not self._ready():
                empty_since, looked = time.monotonic(), False
                continue
            idle_left = empty_since + timing.empty_queue_timeout - now
            if not looked:
                idle_left = max(idle_left, SHORTEST_PULL)
            elif idle_left <= 0:
                if self._lanes.idle and not len(self._leases):
                    return "empty_queue"
                idle_left = LINGERING_PULL
            left = min(max(timing.pull_timeout, SHORTEST_PULL), idle_left, end - now)
            if left < SHORTEST_PULL:
                self._stop.wait(left)
                continue
            pulled = self._pull(left)
            looked = not pulled
            if pulled:
                empty_since = time.monotonic()
            elif time.monotonic() - now < EMPTY_PULL_PAUSE:
                self._stop.wait(min(EMPTY_PULL_PAUSE, idle_left))
        return "signal"

    def _ready(self) -> bool:
        """Whether more messages can be worked on; waits a little where they cannot."""
        if self._graph.out_of_money:
            self._stop.wait(EMPTY_PULL_PAUSE)
            return False
        return self._lanes.has_room(len(self._leases), EMPTY_PULL_PAUSE)

    def _pull(self, timeout: float) -> int:
        started = time.monotonic()
        failures = 0
        while True:
            try:
                response = self._puller.pull(self._timing.batch_size, timeout)
                break
            except (exceptions.DeadlineExceeded, exceptions.Cancelled):
                self._trouble = ""
                return 0
            except (exceptions.NotFound, exceptions.PermissionDenied,
                    exceptions.Unauthenticated, exceptions.InvalidArgument) as error:  # fmt: skip
                raise UsageError(
                    f"cannot pull from {self._subscription}: {error.message} "
                    "(check --subscription and --project, and the roles of this account)"
                ) from error
            except exceptions.GoogleAPICallError as error:
                down = time.monotonic() - started
                self._trouble = str(error.message)
                log.warning("pubsub is down: %s; waiting for it", error.message)
                if down >= self._timing.dependency_timeout:
                    raise DependencyDown("pubsub", error.message) from error
                failures += 1
                if self._stop.wait(BACKOFF.delay(failures)):
                    return 0
        self._trouble = ""
        return self._take_in(response.received_messages, time.monotonic() - started)

    def _take_in(self, received: Sequence[Any], seconds: float) -> int:
        log.info("pulled %d messages in %.1f s", len(received), seconds)
        if self._stop.is_set():  # too late: somebody else gets them
            for each in received:
                self._leases.hold(each.message.message_id, each.ack_id)
            self._leases.hand_back([each.message.message_id for each in received])
            return 0
        for each in received:
            message = Message(
                data=each.message.data,
                attributes=dict(each.message.attributes),
                message_id=each.message.message_id,
                publish_time=each.message.publish_time,
                delivery_attempt=each.delivery_attempt,
            )
            if not self._leases.hold(message.message_id, each.ack_id):
                continue
            if message.message_id in self._unsettled:
                self._unsettled.discard(message.message_id)  # received, and counted, before
            else:
                self._tally.received(1)
            self._lanes.submit(message, heavy=peek(message.data) in ("audio", "video"))
        return len(received)

    def _settled(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        self._tally.settled(outcomes)
        settled = {o.message_id for o in outcomes if o.status in SETTLED}
        self._leases.acknowledge(settled)
        superseded = {o.message_id for o in outcomes} - settled
        self._leases.forget(superseded)
        failed = {m.message_id for m in messages} - settled - superseded
        self._leases.hand_back(failed)
        self._unsettled.update(superseded | failed)
