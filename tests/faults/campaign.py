"""A campaign: rounds of traffic, a worker and a fault, then a drain in peace, then the verdict."""

from __future__ import annotations

import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil

from pipeline.exit_status import DEPENDENCY, OK
from tests.faults.inject import POINTS
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
LANES = 2  # of a drain with one worker; each can lose one engine's work when it is interrupted
PATIENCE = 60.0  # seconds for a worker to come to its point; with media, four times as long
IDLE = 3.0  # seconds with an empty queue after which a worker will not come to its point any more
RECENT = 10  # requests published last, of which some are not worked off yet
CANCELLED = "a request cancelled"  # which interrupts no worker
CANCELLING = 0.15  # probability that one of them is cancelled before a worker starts
SHORT = {"text", "bad", "repeated"}

ARGUMENTS = (
    "--workers=1", "--lease=5", "--max-deliveries=1000000", "--pull-timeout=2",
    "--shutdown-grace=0", "--dependency-timeout=120", "--max-runtime=3600",
)  # fmt: skip
VICTIM = (*ARGUMENTS, f"--empty-queue-timeout={IDLE}")
BYSTANDER = (*ARGUMENTS, "--empty-queue-timeout=3600")
IN_PEACE = r"drain ends \((signal|empty_queue)\)"


@dataclass
class Report:
    """What happened.

    Attributes:
        kills: workers killed, by point.
        faults: what else befell, by kind.
        engine_calls: calls of any engine.
        needed: one for each stage of each request, cancelled or not.
        allowed: the most that kills and faults excuse.
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
        self._waiting: list[str] = []
        self._interrupted: set[int] = set()  # workers by number

    def run(self, requests: int, kills: int) -> Report:
        """Carry it out.

        Args:
            requests: how many messages to publish at least.
            kills: how many workers to kill at least.
        """
        self._place.remember("start")
        report = self._report
        end = max(kills, len(self._points)) * 3
        while (point := self._next(kills)) is not None:
            self._round += 1
            if self._round > end:
                report.problems.append(f"after {end} rounds nobody was killed {self._missing}")
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
        """The points at which nobody was killed yet."""
        return [point for point in self._points if point not in self._report.kills]

    def _next(self, kills: int) -> str | None:
        """The next point: one that is missing, if any is, else any until there were enough kills.

        A point comes once in a pass over all of them.
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
        befalls = self._befalling() if kind in SHORT and self._chance.random() < 0.15 else None
        if careful:
            self._end_bystander()  # it would take from the victim what passes the point
        elif self._bystander is None and self._chance.random() < 0.2:
            self._bystander = self._workers.start(BYSTANDER)
        victim = self._workers.start(
            VICTIM,
            None if point == RANDOM else point,
            1 if careful or kind not in SHORT else self._chance.randint(1, max(1, min(share, 3))),
        )
        if befalls:
            victim.wait_for("ack_ids", PATIENCE)
            time.sleep(self._chance.uniform(0, 0.2))
            befalls()
            self._interrupt(victim, self._bystander)
        elif self._bystander and self._bystander.number in self._interrupted:
            self._interrupt(
                victim
            )  # what was delivered again may come to one while the other has it
        came = self._end(victim, point)
        if not came or self._chance.random() < 0.3:
            self._end_bystander()
        self._say(
            f"round {self._round}: {point}{'' if came else ' (not reached)'}; "
            f"{sum(self._report.kills.values())} kills, {len(self._missing)} points missing"
        )

    def _video_waits(self, point: str) -> bool:
        """Whether a video is begun that will pass a point: what is stored is not stored again."""
        missing = point.partition(" put ")[2] or "stages/video.json"
        running = self._place.ledger.run(
            "SELECT CAST(request_id AS text) AS request_id FROM requests "
            "WHERE status = 'running' AND modality = 'video' AND cancel_requested_at IS NULL"
        )
        return any(self._place.store.stat(row["request_id"], missing) is None for row in running)

    def _cancel(self) -> None:
        """Cancel a request, unless it has ended."""
        recent = list(self._traffic.of_request)[-RECENT:]
        if not recent:
            return
        [state] = self._place.ledger.cancel([self._chance.choice(recent)])
        if state.cancel_requested_at and state.request_id not in self._traffic.cancelled:
            self._traffic.cancelled.add(state.request_id)
            self._report.faults[CANCELLED] += 1

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

    def _end(self, victim: Worker, point: str) -> bool:
        """See a worker to its end at a point, or kill it when it does not come there.

        Returns:
            Whether it came there.
        """
        if point == RANDOM:
            moment = self._chance.uniform(0, 1)
            victim.wait_for("ack_ids", PATIENCE)
            victim.wait(moment)
        elif point.endswith("hand back"):
            victim.wait_for("ack_ids", PATIENCE)
            victim.send(signal.SIGTERM)
            self._interrupt(victim)
            if victim.wait(PATIENCE) is None:
                victim.send(signal.SIGUSR1)
                self._report.problems.append(f"{victim.log} did not end when it was told to")
        else:
            victim.wait(PATIENCE * (1 if POINTS[point] in SHORT else 4))
        return self._kill(victim, RANDOM) == point

    def _interrupt(self, *workers: Worker | None) -> None:
        """Take note of workers that may lose what they have in hand."""
        self._interrupted |= {worker.number for worker in workers if worker}

    def _end_bystander(self) -> None:
        if self._bystander:
            self._kill(self._bystander, RANDOM)
            self._bystander = None

    def _kill(self, worker: Worker, point: str) -> str | None:
        """Kill a worker unless it has died as planned, or found nothing to do; end its leases.

        Returns:
            Where it was killed; None when it was not.
        """
        killed = None
        status = worker.wait(0)
        if status is None:
            worker.send(signal.SIGKILL)
            worker.wait(10)
            killed = point
        elif died := worker.told("killed"):
            killed = died[0]
        elif not self._ended_in_peace(worker, status):
            self._report.problems.append(f"{worker.log} ended by itself with status {status}")
        if killed:
            self._report.kills[killed] += 1
            self._interrupt(worker)
        self._place.nack([ack_id for each in worker.told("ack_ids") for ack_id in each])
        return killed

    def _ended_in_peace(self, worker: Worker, status: int) -> bool:
        """Whether a drain was told to end or found nothing to do.

        One that ends while a dependency is down says so by its status.
        """
        expected = {OK, DEPENDENCY} if worker.number in self._interrupted else {OK}
        return status in expected and bool(re.search(IN_PEACE, worker.log.read_text()))

    def _finish(self) -> None:
        self._say("one drain in peace, of everything that was ever published")
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
        interruptions = (sum(report.faults.values()) - report.faults[CANCELLED]) * LANES
        report.allowed = report.needed + sum(report.kills.values()) + interruptions
        if report.engine_calls > report.allowed:
            report.problems.append(
                f"{report.engine_calls} engine calls where {report.allowed} are allowed"
            )
        for process in psutil.Process().children(recursive=True):
            if process.is_running() and "render" in " ".join(process.cmdline()):
                report.problems.append(f"process {process.pid} outlived its worker")
