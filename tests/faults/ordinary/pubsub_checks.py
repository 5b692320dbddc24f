"""Rows 1, 2, 8, 9, 13 and a part of row 10: faults and properties of Pub/Sub."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.contract import google_emulator
from tests.faults.ordinary.bench import Bench
from tests.faults.ordinary.finding import Finding, Missing
from tests.faults.ordinary.nameless import NamelessMessages
from tests.faults.ordinary.shutdown import GRACE, stopped

CUT = 78.0
"""Seconds; longer than the minute that Google's client retries a call."""

RECONNECT = 5.0
UNEVEN = 0.2
"""Share of its half by which a drain may miss it."""


def network_cut(bench: Bench) -> Iterator[Finding]:
    """Cut the network to Pub/Sub just after a pull of six audio requests, then restore it."""
    with bench.stand() as stand, stand.proxy(bench.pubsub_host) as proxy:
        stand.publish(6, "audio")
        drain = stand.start(
            "drain", "--workers=1", "--dependency-timeout=300", "--max-runtime=400",
            "--empty-queue-timeout=15", PUBSUB_EMULATOR_HOST=proxy.host,
        )  # fmt: skip
        stand.wait_for_requests(1, "status = 'running'")
        proxy.cut()
        time.sleep(CUT)
        proxy.restore()
        restored = time.monotonic()
        back = proxy.wait_for_connection(60)
        seconds = time.monotonic() - restored
        seen = f"connected again after {seconds:.1f} s" if back else "no connection for 60 s"
        yield Finding(2, back and seconds <= RECONNECT, seen)
        done = drain.wait(bench.left)
        completed = stand.count("status = 'completed'")
        left = len(stand.unacknowledged())
        yield Finding(
            1, (completed, left, done.status) == (6, 0, 0),
            f"{completed} of 6 completed, {left} unacknowledged, {done.shown}",
        )  # fmt: skip


def ordered_and_exactly_once(bench: Bench) -> Iterator[Finding]:
    """Drain a subscription with ordering keys and exactly-once delivery."""
    reason = google_emulator.missing()
    if reason:
        raise Missing(reason)
    with (
        google_emulator.running(bench.folder) as host,
        _clients_of(host),
        bench.stand(host, enable_message_ordering=True, enable_exactly_once_delivery=True) as stand,
    ):
        for key in ("a", "b", "c") * 10:
            stand.publish(1, "text", ordering_key=key)
        done = stand.run("drain", "--empty-queue-timeout=20", "--max-runtime=90")
        left = len(stand.unacknowledged())
        refused = done.log.count("TRANSIENT_FAILURE_UNORDERED_ACK_ID")
        completed = stand.count("status = 'completed'")
        yield Finding(
            8, (completed, left, done.status) == (30, 0, 0),
            f"{completed} of 30 completed, {left} unacknowledged, reason logged {refused} times, "
            f"{done.shown}",
        )  # fmt: skip


def shared_backlog(bench: Bench) -> Iterator[Finding]:
    """Drain 24 audio requests with two drains, the second started three seconds later."""
    with bench.stand() as stand:
        stand.publish(24, "audio")
        arguments = ("drain", "--workers=1", "--empty-queue-timeout=10", "--max-runtime=600")
        first = stand.start(*arguments)
        stand.wait_for_requests(1, "TRUE")
        time.sleep(3)
        second = stand.start(*arguments)
        done = [job.wait(bench.left) for job in (first, second)]
        shares = [int(each.summary.get("completed", 0)) for each in done]
        yield Finding(
            9, sum(shares) == 24 and min(shares) >= 12 * (1 - UNEVEN),
            f"the drains completed {shares[0]} ({done[0].summary.get('exit_reason')}) and "
            f"{shares[1]} ({done[1].summary.get('exit_reason')}) of 24",
        )  # fmt: skip


def missing_message_id(bench: Bench) -> Iterator[Finding]:
    """Deliver two different requests whose messages have no id."""
    with NamelessMessages(bench.pubsub_host) as nameless, bench.stand(nameless.host) as stand:
        stand.publish(2, "text")
        done = stand.run("drain", "--empty-queue-timeout=5", "--max-runtime=60")
        completed = stand.count("status = 'completed'")
        left = len(stand.unacknowledged())
        yield Finding(
            13, (completed, left, done.status) == (2, 0, 0),
            f"{completed} of 2 completed, {left} unacknowledged, {done.shown}",
        )  # fmt: skip


def stop_without_pubsub(bench: Bench) -> Iterator[Finding]:
    """Stop a drain while Pub/Sub cannot be reached."""
    with bench.stand() as stand, stand.proxy(bench.pubsub_host) as proxy:
        stand.publish(3, "video")
        drain = stand.start(
            "drain", "--workers=1", f"--shutdown-grace={GRACE}", PUBSUB_EMULATOR_HOST=proxy.host
        )
        stand.wait_for_requests(1, "status = 'running'")
        proxy.cut()
        yield stopped(bench, drain, "Pub/Sub unreachable")


@contextmanager
def _clients_of(host: str) -> Iterator[None]:
    """Let this process's clients use another Pub/Sub server."""
    before = os.environ["PUBSUB_EMULATOR_HOST"]
    os.environ["PUBSUB_EMULATOR_HOST"] = host
    try:
        yield
    finally:
        os.environ["PUBSUB_EMULATOR_HOST"] = before
