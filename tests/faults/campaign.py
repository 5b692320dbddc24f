"""Campaign: rounds of traffic, a worker and a fault, then an undisturbed drain and a verdict."""

from __future__ import annotations

import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil

from pipeline.exit_status import DEPENDENCY, OK, TERMINATED
from tests.faults.inject import POINTS
from tests.faults.outages import SHORT, Fault
from tests.faults.place import ACK_DEADLINE, Place
from tests.faults.traffic import Traffic
from tests.faults.verdict import (
    broken_promises,
    engine_calls,
    lost_messages,
    needless_calls,
)
from tests.faults.worker import Worker, Workers

RANDOM = "random moment"
FAULTS = 0.2  # probability of a fault in a round whose kind of traffic it can interrupt
RUNS = 2  # concurrent runs of a drain with one worker; an interruption can lose the work of both
PATIENCE = 60.0  # seconds for a worker to reach its point; with media, four times as long
IDLE = 3.0  # seconds with an empty queue after which a worker cannot reach its point
RECENT = 10  # requests published last, some of which are still in flight
CANCELLED = "a request cancelled"  # interrupts no worker
CANCELLING = 0.15  # probability that a recent request is cancelled before a worker starts

ARGUMENTS = (
    "--workers=1", "--lease=5", "--max-deliveries=1000000", "--pull-timeout=2",
    "--shutdown-grace=0", "--dependency-timeout=120", "--max-runtime=3600",
)  # fmt: skip
VICTIM = (*ARGUMENTS, f"--empty-queue-timeout={IDLE}")
BYSTANDER = (*ARGUMENTS, "--empty-queue-timeout=3600")
STATUSES = {
    "empty_queue": {OK},
    "signal": {OK, TERMINATED},
    "dependency_down": {DEPENDENCY},
    "configuration_fault": {DEPENDENCY},
    "worker_fault": {DEPENDENCY},
}
"""Exit statuses of a drain by the reason of its end."""


@dataclass
class Report:
    """Result of a campaign.

    Attributes:
        kills: Number of workers killed, by point.
        faults: Number of other faults, by kind.
        requests: Number of messages published.
        engine_calls: Number of calls of any engine.
        needed: One call for each stage of each request, cancelled or not.
        allowed: Most calls that kills and faults can explain.
        problems: Descriptions of broken promises.
    """

    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    engine_calls: int = 0
    needed: int = 0
    allowed: int = 0
    problems: list[str] = field(default_factory=list)


class Campaign:
    """Kills workers until the number of kills is reached and each point has had one.

    Args:
        place: Servers that the workers use.
        faults: Faults that can be caused there.
        folder: Folder of the workers' logs.
        chance: Source of randomness.
        points: Points at which workers are killed.
        say: Callback that receives lines about progress.
    """

    def __init__(
        self,
        place: Place,
        faults: Sequence[Fault],
        folder: Path,
        chance: random.Random,
        points: list[str],
        say: Callable[[str], None],
    ) -> None:
        self._place = place
        self._faults = faults
        self._faults_waiting: list[Fault] = []
        self._chance = chance
        self._points = points
        self._say = say
        self._workers = Workers(folder, place.environment)
        self._traffic = Traffic(chance, place.publish)
        self._bystander: Worker | None = None
        self._report = Report()
        self._round = 0
        self._waiting: list[str] = []
        self._interrupted: set[int] = set()  # workers by number
        self._may_end: dict[int, set[str]] = {}  # reasons of faults, by number of the worker
        self._may_lose = 0  # engine calls whose results a fault could lose

    def run(self, requests: int, kills: int) -> Report:
        """Run the campaign and return the result.

        Args:
            requests: Least number of messages to publish.
            kills: Least number of workers to kill.
        """
        self._place.take_snapshot("start")
        report = self._report
        end = max(kills, len(self._points)) * 3
        while (point := self._next(kills)) is not None:
            self._round += 1
            if self._round > end:
                report.problems.append(f"after {end} rounds no worker was killed {self._missing}")
                break
            share = -(-(requests - self._traffic.messages) // max(1, kills - self._round + 1))
            self._one_round(point, share, careful=point in self._missing)
        self._end_bystander()
        while self._traffic.messages < requests:
            self._traffic.send(self._traffic.mixed())
        self._finish()
        return report

    @property
    def _missing(self) -> list[str]:
        """Points at which no worker has been killed yet."""
        return [point for point in self._points if point not in self._report.kills]

    def _next(self, kills: int) -> str | None:
        """Return the next point: a missing one if there is one, else any until enough kills.

        Each pass over the points uses every point once.
        """
        missing = self._missing
        if sum(self._report.kills.values()) < kills:
            every = [*self._points, *[RANDOM] * max(1, len(self._points) // 4)]
        else:
            every = missing
            self._waiting = [point for point in self._waiting if point in missing]
        if not self._waiting:
            shuffled = self._chance.sample(every, len(every))
            self._waiting = sorted(shuffled, key=missing.__contains__)  # popped from the end
        return self._waiting.pop() if self._waiting else None

    def _one_round(self, point: str, share: int, careful: bool) -> None:
        kind = POINTS.get(point, "text")
        if kind != "video" or not self._video_waits(point):
            self._traffic.send(kind)
        for _ in range(share - 1):
            self._traffic.send(self._traffic.mixed())
        if self._chance.random() < CANCELLING:
            self._cancel()
        fault = self._choose_fault(kind) if self._chance.random() < FAULTS else None
        if careful:
            self._end_bystander()  # it could take messages that bring the victim to its point
        elif self._bystander is None and self._chance.random() < 0.2:
            self._bystander = self._workers.start(BYSTANDER)
        victim = self._workers.start(
            VICTIM,
            None if point == RANDOM else point,
            1 if careful or kind not in SHORT else self._chance.randint(1, max(1, min(share, 3))),
        )
        if fault:
            victim.wait_for("ack_ids", PATIENCE)
            time.sleep(self._chance.uniform(0, 0.2))
            self._report.faults[fault.name] += 1
            fault.cause()
            self._hit(fault, victim, self._bystander)
        elif self._bystander and self._bystander.number in self._interrupted:
            # A redelivered message may reach one of them while the other still holds it.
            self._interrupt(victim)
        reached = self._end(victim, point)
        if not reached or self._chance.random() < 0.3:
            self._end_bystander()
        self._say(
            f"round {self._round}: {point}{'' if reached else ' (not reached)'}; "
            f"{sum(self._report.kills.values())} kills, {len(self._missing)} points missing"
        )

    def _video_waits(self, point: str) -> bool:
        """Return whether a video in progress will still pass a point."""
        missing = point.partition(" put ")[2] or "stages/video.json"
        running = self._place.ledger.run(
            "SELECT CAST(request_id AS text) AS request_id FROM requests "
            "WHERE status = 'running' AND modality = 'video' AND cancel_requested_at IS NULL"
        )
        return any(self._place.store.stat(row["request_id"], missing) is None for row in running)

    def _cancel(self) -> None:
        """Cancel a recent request unless it has ended."""
        recent = list(self._traffic.of_request)[-RECENT:]
        if not recent:
            return
        [state] = self._place.ledger.cancel([self._chance.choice(recent)])
        if state.cancel_requested_at and state.request_id not in self._traffic.cancelled:
            self._traffic.cancelled.add(state.request_id)
            self._report.faults[CANCELLED] += 1

    def _choose_fault(self, kind: str) -> Fault | None:
        """Return the next fault that can interrupt a kind of traffic; each pass has every fault."""
        if not any(kind in fault.kinds for fault in self._faults_waiting):
            self._faults_waiting += self._chance.sample(self._faults, len(self._faults))
        for index, fault in enumerate(self._faults_waiting):
            if kind in fault.kinds:
                return self._faults_waiting.pop(index)
        return None

    def _end(self, victim: Worker, point: str) -> bool:
        """Wait for a worker to die at a point; kill it if it does not reach the point.

        Returns:
            True if it reached the point.
        """
        if point == RANDOM:
            moment = self._chance.uniform(0, 1)
            victim.wait_for("ack_ids", PATIENCE)
            victim.wait(moment)
        elif point.endswith("nack"):
            victim.wait_for("ack_ids", PATIENCE)
            victim.send(signal.SIGTERM)
            self._interrupt(victim)
            if victim.wait(PATIENCE) is None:
                victim.send(signal.SIGUSR1)
                self._report.problems.append(f"{victim.log} did not end on SIGTERM")
        else:
            victim.wait(PATIENCE * (1 if POINTS[point] in SHORT else 4))
        return self._kill(victim, RANDOM) == point

    def _hit(self, fault: Fault, *workers: Worker | None) -> None:
        """Record what a fault may do to workers: end them, or lose their work in progress."""
        self._interrupt(*workers)
        for worker in filter(None, workers):
            self._may_end.setdefault(worker.number, set()).add(fault.reason)
            self._may_lose += RUNS

    def _interrupt(self, *workers: Worker | None) -> None:
        """Record workers that may lose their work in progress."""
        self._interrupted |= {worker.number for worker in workers if worker}

    def _end_bystander(self) -> None:
        if self._bystander:
            self._kill(self._bystander, RANDOM)
            self._bystander = None

    def _kill(self, worker: Worker, point: str) -> str | None:
        """Kill a worker unless it has died at its point or found nothing to do; end its leases.

        Returns:
            The point at which it was killed; None if it was not.
        """
        killed = None
        status = worker.wait(0)
        if status is None:
            worker.send(signal.SIGKILL)
            worker.wait(10)
            killed = point
        elif died := worker.events_of("killed"):
            killed = died[0]
        elif not self._ended_normally(worker, status):
            self._report.problems.append(f"{worker.log} ended by itself with status {status}")
        if killed:
            self._report.kills[killed] += 1
            self._interrupt(worker)
        self._place.nack([ack_id for each in worker.events_of("ack_ids") for ack_id in each])
        return killed

    def _ended_normally(self, worker: Worker, status: int) -> bool:
        """Return whether a drain had a reason to end, and exited with the status for it.

        The reasons are an empty queue, and for an interrupted drain a signal or its fault.
        """
        ends = re.findall(r"drain ends \((\w+)\)", worker.log.read_text())
        expected = {"empty_queue", *self._may_end.get(worker.number, ())}
        if worker.number in self._interrupted:
            expected.add("signal")
        return bool(ends) and ends[-1] in expected and status in STATUSES[ends[-1]]

    def _finish(self) -> None:
        self._say("undisturbed drain of every message published")
        report, place = self._report, self._place
        report.problems += lost_messages(place)
        place.redeliver("start")
        last = self._workers.start((*ARGUMENTS, f"--empty-queue-timeout={ACK_DEADLINE + 2}"))
        status = last.wait(600)
        if status != 0 or "drain ends (empty_queue)" not in last.log.read_text():
            report.problems.append(f"{last.log}: the last drain ended with {status}")
            self._kill(last, RANDOM)
        place.store.sweep(timedelta(0))
        report.problems += broken_promises(place, self._traffic)
        calls = engine_calls(self._workers.events())
        report.problems += needless_calls(calls, self._interrupted)
        report.requests = self._traffic.messages
        report.engine_calls = len(calls)
        report.needed = sum(self._traffic.stages.values())
        report.allowed = report.needed + sum(report.kills.values()) + self._may_lose
        if report.engine_calls > report.allowed:
            report.problems.append(
                f"{report.engine_calls} engine calls where {report.allowed} are allowed"
            )
        for process in psutil.Process().children(recursive=True):
            if process.is_running() and "render" in " ".join(process.cmdline()):
                report.problems.append(f"process {process.pid} outlived its worker")
