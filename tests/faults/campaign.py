"""A campaign: rounds of traffic, a worker and a fault, then a drain in peace, then the verdict."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil

from tests.faults.inject import POINTS
from tests.faults.place import ACK_DEADLINE, Place
from tests.faults.traffic import Traffic
from tests.faults.verdict import broken_promises
from tests.faults.worker import Worker, Workers

RANDOM = "random moment"
LANES = 2  # of a drain with one worker; each can lose one engine's work when it is interrupted
PATIENCE = 15.0  # seconds for a worker to come to its point
SHORT = {"text", "bad", "repeated"}

ARGUMENTS = (
    "--workers=1", "--lease=5", "--max-deliveries=1000000", "--pull-timeout=2",
    "--shutdown-grace=0", "--dependency-timeout=120", "--max-runtime=600",
)  # fmt: skip


@dataclass
class Report:
    """What happened.

    Attributes:
        kills: workers killed, by point.
        faults: what befell the servers, by kind.
        engine_calls: calls of any engine.
        needed: those that no fault made necessary.
        allowed: the most that faults excuse.
        problems: promises that were broken.
    """

    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    engine_calls: int = 0
    needed: int = 0
    allowed: int = 0
    problems: list[str] = field(default_factory=list)


class Campaign:
    """Kills workers until there were enough kills and every point has had its own.

    Args:
        place: where.
        folder: for the workers' logs.
        chance: where all that is random comes from.
        points: the named points.
        say: told of progress, a line at a time.
    """

    def __init__(
        self,
        place: Place,
        folder: Path,
        chance: random.Random,
        points: list[str],
        say: Callable[[str], None],
    ) -> None:
        self._place = place
        self._chance = chance
        self._points = points
        self._say = say
        self._workers = Workers(folder, place.environment)
        self._traffic = Traffic(chance, place.publish)
        self._bystander: Worker | None = None
        self._report = Report()
        self._round = 0

    def run(self, requests: int, kills: int) -> Report:
        """Carry it out.

        Args:
            requests: how many messages to publish at least.
            kills: how many workers to kill at least.
        """
        self._place.remember("start")
        report = self._report
        waiting: list[str] = []
        end = max(kills, len(self._points)) * 3
        while sum(report.kills.values()) < kills or set(self._points) - set(report.kills):
            self._round += 1
            if self._round > end:
                missed = sorted(set(self._points) - set(report.kills))
                report.problems.append(f"after {end} rounds nobody was killed {missed}")
                break
            if not waiting:
                waiting = [*self._points, *[RANDOM] * max(1, len(self._points) // 4)]
                self._chance.shuffle(waiting)
            share = -(-(requests - self._traffic.messages) // max(1, kills - self._round + 1))
            point = waiting.pop()
            self._one_round(point, share, careful=point not in report.kills)
        if self._bystander:
            self._kill(self._bystander, RANDOM)
        while self._traffic.messages < requests:
            self._traffic.send(self._traffic.mixed())
        self._finish()
        return report

    def _one_round(self, point: str, share: int, careful: bool) -> None:
        kind = POINTS.get(point, "text")
        if kind != "video" or not self._place.ledger.run(
            "SELECT 1 FROM requests WHERE status = 'running' AND modality = 'video'"
        ):
            self._traffic.send(kind)
        for _ in range(share - 1):
            self._traffic.send(self._traffic.mixed())
        befalls = self._befalling() if kind in SHORT and self._chance.random() < 0.15 else None
        if self._bystander is None and not careful and self._chance.random() < 0.2:
            self._bystander = self._workers.start((*ARGUMENTS, "--empty-queue-timeout=600"))
        victim = self._workers.start(
            (*ARGUMENTS, "--empty-queue-timeout=600"),
            None if point == RANDOM else point,
            1 if careful else self._chance.randint(1, 3),
        )
        if befalls:
            victim.wait_for("ack_ids", PATIENCE)
            time.sleep(self._chance.uniform(0, 0.2))
            befalls()
        self._end(victim, point)
        if self._bystander and self._chance.random() < 0.3:
            self._kill(self._bystander, RANDOM)
            self._bystander = None
        self._say(f"round {self._round}: {point}; {sum(self._report.kills.values())} kills")

    def _befalling(self) -> Callable[[], None]:
        name, happen = self._chance.choice(
            [
                ("Postgres restarted", self._place.restart_postgres),
                ("Postgres crashed", self._place.crash_postgres),
                ("connections dropped", self._place.drop_connections),
                ("artifact store down", self._place.break_store),
                ("everything delivered again", lambda: self._place.redeliver("start")),
            ]
        )

        def befall() -> None:
            self._report.faults[name] += 1
            happen()

        return befall

    def _end(self, victim: Worker, point: str) -> None:
        """See a worker to its end at a point, or kill it when it does not come there."""
        if point == RANDOM:
            moment = self._chance.uniform(0, 1)
            victim.wait_for("ack_ids", PATIENCE)
            victim.wait(moment)
        elif point.endswith("hand back"):
            victim.wait_for("ack_ids", PATIENCE)
            victim.send(signal.SIGTERM)
            victim.wait(PATIENCE)
        else:
            patience = PATIENCE * (1 if POINTS[point] in SHORT else 4)
            victim.wait(patience)
        self._kill(victim, RANDOM)

    def _kill(self, worker: Worker, point: str) -> None:
        """Kill a worker unless it has died as planned; end its leases."""
        status = worker.wait(0)
        if status is None:
            worker.send(signal.SIGKILL)
            worker.wait(10)
            self._report.kills[point] += 1
        elif died := worker.told("killed"):
            self._report.kills[died[0]] += 1
        elif status != 0 or not worker.log.read_text().count("drain ends (signal)"):
            self._report.problems.append(f"{worker.log} ended by itself with status {status}")
        self._place.hand_back([ack_id for each in worker.told("ack_ids") for ack_id in each])

    def _finish(self) -> None:
        self._say("one drain in peace, of everything that was ever published")
        report, place = self._report, self._place
        place.redeliver("start")
        last = self._workers.start((*ARGUMENTS, f"--empty-queue-timeout={ACK_DEADLINE + 2}"))
        status = last.wait(600)
        if status != 0 or "drain ends (empty_queue)" not in last.log.read_text():
            report.problems.append(f"{last.log}: the last drain ended with {status}")
            self._kill(last, RANDOM)
        place.store.sweep(timedelta(0))
        report.problems += broken_promises(place, self._traffic)
        self._count_engine_calls()
        for process in psutil.Process().children(recursive=True):
            if process.is_running() and "render" in " ".join(process.cmdline()):
                report.problems.append(f"process {process.pid} outlived its worker")

    def _count_engine_calls(self) -> None:
        report = self._report
        report.requests = self._traffic.messages
        calls = [event for event in self._workers.events() if "engine" in event]
        report.engine_calls = len(calls)
        report.needed = sum(self._traffic.stages.values())
        interruptions = sum(report.faults.values()) * LANES
        report.allowed = report.needed + sum(report.kills.values()) + interruptions
        if report.engine_calls > report.allowed:
            report.problems.append(
                f"{report.engine_calls} engine calls where {report.allowed} are allowed"
            )
