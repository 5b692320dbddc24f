"""Support for drains of a real subscription; the graph is a stand-in."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from google.cloud import pubsub_v1
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]

from pipeline.jobs.drain import Drain, Timing
from transforms.model import Outcome

PATIENCE = 30
TIMING: dict[str, Any] = {
    "batch_size": 10,
    "max_runtime": PATIENCE,
    "empty_queue_timeout": 0.1,
    "pull_timeout": 2,
    "shutdown_grace": PATIENCE,
    "dependency_timeout": PATIENCE,
}


class Queue:
    """A topic and its subscription on a real server."""

    def __init__(self, project: str, ordered_exactly_once: bool = False) -> None:
        name = f"t-{os.urandom(4).hex()}"
        self.topic = f"projects/{project}/topics/{name}"
        self.name = f"projects/{project}/subscriptions/{name}"
        options = pubsub_v1.types.PublisherOptions(enable_message_ordering=ordered_exactly_once)
        self.publisher = pubsub_v1.PublisherClient(publisher_options=options)
        self.client = pubsub_v1.SubscriberClient()
        self.publisher.create_topic(name=self.topic)
        self.client.create_subscription(
            request={
                "name": self.name,
                "topic": self.topic,
                "ack_deadline_seconds": 600,
                "enable_message_ordering": ordered_exactly_once,
                "enable_exactly_once_delivery": ordered_exactly_once,
            }
        )

    def publish(self, *data: bytes, ordering_key: str = "") -> list[str]:
        """Publish messages; returns their ids."""
        sent = [
            self.publisher.publish(self.topic, each, ordering_key=ordering_key) for each in data
        ]
        return [str(each.result(timeout=PATIENCE)) for each in sent]

    def redeliver(self) -> None:
        """End all leases."""
        self.client.seek(request={"subscription": self.name, "time": Timestamp(seconds=1)})

    def pull(self) -> list[Any]:
        """Pull messages that are not leased."""
        return list(
            self.client.pull(
                subscription=self.name, max_messages=100, return_immediately=True, timeout=PATIENCE
            ).received_messages
        )

    def left(self) -> set[bytes]:
        """Return the data of unacknowledged messages."""
        self.redeliver()
        return {each.message.data for each in self.pull()}


class Graph:
    """Gives each message the status that its data name; none leaves it unsettled.

    A message is completed at its second delivery in any case.
    """

    def __init__(self) -> None:
        self.deliveries: Counter[bytes] = Counter()
        self.budget_exhausted = False
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.meter = None
        self.lapsed_claims = None
        self.uncounted: list[str] = []

    def run(self, messages: Any) -> list[Outcome]:
        """Return outcomes once the gate is open."""
        self.entered.release()
        assert self.gate.wait(PATIENCE)
        outcomes = []
        for each in messages:
            self.deliveries[each.data] += 1
            status: Any = each.data.decode() if self.deliveries[each.data] == 1 else "completed"
            if status != "none":
                outcomes.append(Outcome(each.message_id, status))
        return outcomes

    def uncount_delivery(self, messages: Any) -> None:
        """Record messages that were cut off."""
        self.uncounted += [each.message_id for each in messages]

    def shared_key(self, request: Any) -> None:
        """Share nothing."""

    def checks(self) -> dict[str, Any]:
        """Check nothing."""
        return {}


def record_requests(client: Any) -> dict[str, list[Any]]:
    """Record what a subscriber client acknowledges, and how it changes deadlines."""
    made: dict[str, list[Any]] = {"acknowledge": [], "modify_ack_deadline": []}

    def recorded(name: str) -> Callable[..., Any]:
        original = getattr(client, name)

        def call(**arguments: Any) -> Any:
            made[name].append((list(arguments["ack_ids"]), arguments.get("ack_deadline_seconds")))
            return original(**arguments)

        return call

    for name in made:
        setattr(client, name, recorded(name))
    return made


def start_drain(queue: Queue, graph: Any, workers: int = 2, **timing: Any) -> Drain:
    """Make a drain."""
    return Drain(queue.name, graph, workers, Timing(**{**TIMING, **timing}), keep_ids=True)


def stop(drain: Drain) -> None:
    """End a drain that was not run."""
    drain._puller.close()
    assert drain._scheduler.close(PATIENCE)
    drain._leases.close(PATIENCE)


def wait_until(condition: Callable[[], Any]) -> None:
    """Wait for a condition to become true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
