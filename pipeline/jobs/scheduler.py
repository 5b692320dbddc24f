"""Scheduler that runs the graph on threads over submitted messages, for drain and batch.

Each run takes waiting messages, executes the graph, and reports the outcomes. A heavy message
(audio or video) has a run of its own. Light messages (text) share a run, whose stages process them
in parallel. One thread takes light messages only, so that a slow video does not delay texts. Among
heavy messages, students take turns.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.jobs.light_queue import LightQueue
from pipeline.jobs.run_size import RunSize
from pipeline.jobs.turns import Batch, TurnQueue
from transforms.errors import DependencyDown, EnvironmentFault, Interrupted, Undecided
from transforms.faults import environment_fault
from transforms.model import Message, Outcome
from transforms.process.backoff import Backoff
from transforms.process.supervision import SupervisedThread, ThreadFailed, first_failure
from transforms.process.worker_health import probe_worker

log = logging.getLogger(__name__)

LIGHT_RUNS = 2
"""Concurrent runs of light messages when they keep every worker busy.

One run computes while the other waits for I/O. More runs would only contend for the interpreter
lock."""

HELD_PER_THREAD = 20
"""Most unsettled messages per thread: light ones in small runs, or waiting heavy ones."""

RUNS_AHEAD = 4
"""Most unsettled light messages, in full runs; both running and waiting ones count."""

MAX_FAILED_RUNS = 5
"""Runs that may fail in a row before the scheduler stops.

A run fails when an exception leaves the graph outside a stage. Its messages are handed back, so
without a limit they would be delivered and fail again as fast as the machine can."""

UNCOUNT_SECONDS = 1.5
"""Seconds that the ledger has at the end of a job to uncount deliveries."""

BACKOFF = Backoff(first=0.5, longest=10.0)
"""Waits between runs of the same messages while a dependency is down."""


class RunsFailed(Exception):
    """Runs of the graph failed in a row, which is a bug."""

    exit_reason = "runs_failed"


Fault = EnvironmentFault | RunsFailed | ThreadFailed
"""What can stop a job before its end."""


class Scheduler:
    """Runs submitted messages through the graph on a fixed number of threads.

    Args:
        graph: Runner of the graph.
        workers: Number of threads that take any message; one more takes light ones only.
        on_settled: Callback, called on a scheduler thread with the messages and outcomes of a run.
        dependency_timeout: Seconds a dependency may stay down before the scheduler stops.
    """

    def __init__(
        self,
        graph: GraphRunner,
        workers: int,
        on_settled: Callable[[Sequence[Message], Sequence[Outcome]], Any],
        dependency_timeout: float,
    ) -> None:
        self._graph = graph
        self._on_settled = on_settled
        self._dependency_timeout = dependency_timeout
        self._changed = threading.Condition()
        self._workers = workers
        self._run_size = RunSize(workers)
        self._light = LightQueue(self._run_size)
        self._heavy = TurnQueue()
        self._running: list[Batch] = []
        self._closed = False
        self._down_since: float | None = None
        self._failed_runs = 0  # in a row
        self._fault: EnvironmentFault | RunsFailed | None = None
        self._thread_count = workers + 1
        # Never stale: a run lasts as long as its messages wait for budget and quota, and deadlines
        # of its stages end what hangs.
        self._threads = [
            SupervisedThread(f"scheduler-{index}", partial(self._work_loop, index > 0), math.inf)
            for index in range(self._thread_count)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def down(self) -> Fault | None:
        """The fault that stopped the scheduler; None if none did."""
        return self._fault or self.thread_failure

    @property
    def thread_failure(self) -> ThreadFailed | None:
        """Failure of a thread; None while all work."""
        return first_failure(self._threads)

    def submit(
        self, message: Message, heavy: bool, student: str = "", key: Hashable | None = None
    ) -> None:
        """Queue a message of a student; of heavy ones with equal keys, one runs at a time."""
        with self._changed:
            self._add(message, heavy, student, key)
            self._changed.notify_all()

    def _add(self, message: Message, heavy: bool, student: str, key: Hashable | None) -> None:
        if heavy:
            self._heavy.append(message, student, key)
        else:
            self._light.append(message)

    @property
    def waiting(self) -> int:
        """Number of messages queued and not yet taken by a thread."""
        with self._changed:
            return len(self._light) + len(self._heavy)

    @property
    def heavy_places(self) -> int:
        """Number of heavy messages to pull: as many as workers are free, and one more."""
        with self._changed:
            running = sum(not run.light for run in self._running)
            return self._workers + 1 - len(self._heavy) - running

    def wait_for_change(self, timeout: float) -> None:
        """Wait until messages or runs change, at most `timeout` seconds."""
        with self._changed:
            self._changed.wait(timeout)

    def has_room(self, held: int, timeout: float) -> bool:
        """Return whether more messages may be submitted.

        If there is no room, first wait until something changes. Messages held here cannot be
        delivered to other workers, so the limit is what keeps the threads busy: many light messages
        while their runs are quick, few heavy ones.

        Args:
            held: Number of messages submitted and not settled.
            timeout: Longest wait, in seconds.
        """
        with self._changed:
            most = HELD_PER_THREAD * self._thread_count
            room = held < max(most, RUNS_AHEAD * self._run_size.limit) and len(self._heavy) < most
            if not room:
                self._changed.wait(timeout)
            return room

    @property
    def idle(self) -> bool:
        """True if no message is queued and no run is in progress."""
        with self._changed:
            return not (self._light or self._heavy or self._running)

    def withdraw(self) -> list[Message]:
        """Close the scheduler; return the queued messages, which no thread has taken."""
        with self._changed:
            self._closed = True
            waiting = [*self._light, *self._heavy]
            self._light.clear()
            self._heavy.clear()
            self._changed.notify_all()
            return waiting

    def close(self, grace: float) -> bool:
        """Discard queued messages and wait for the runs in progress.

        Deliveries whose runs do not end in time are not counted as worker deaths, unless the ledger
        does not answer within `UNCOUNT_SECONDS`.

        Args:
            grace: Longest wait, in seconds.

        Returns:
            True if all runs ended in time.
        """
        self.withdraw()
        with self._changed:
            finished = self._changed.wait_for(lambda: not self._running, timeout=grace)
            cut_off = [message for run in self._running for message in run.messages]
        if cut_off:
            # On a thread of its own, because a frozen ledger does not answer for a minute.
            uncounting = threading.Thread(target=self._uncount, args=(cut_off,), daemon=True)
            uncounting.start()
            uncounting.join(UNCOUNT_SECONDS)
            if uncounting.is_alive():
                log.warning("ledger does not answer; %d deliveries count as deaths", len(cut_off))
        return finished

    def _uncount(self, messages: Sequence[Message]) -> None:
        with contextlib.suppress(EnvironmentFault):
            self._graph.uncount_delivery(messages)

    def _work_loop(self, takes_heavy: bool) -> None:
        while True:
            taken = self._take_batch(takes_heavy)
            if not taken:
                return
            try:
                self._work(taken)
            finally:
                with self._changed:
                    self._running.remove(taken)
                    self._changed.notify_all()

    def _take_batch(self, takes_heavy: bool) -> Batch | None:
        with self._changed:
            while not self._closed:
                heavy = self._heavy.pop({run.key for run in self._running}) if takes_heavy else None
                if heavy:
                    taken = heavy
                elif self._light and self._may_start_light_run():
                    lingering = self._light.linger_seconds() if self._running else 0.0
                    if lingering > 0:
                        self._changed.wait(lingering)
                        continue
                    taken = self._light.take()
                else:
                    self._changed.wait()
                    continue
                self._running.append(taken)
                return taken
            return None

    def _may_start_light_run(self) -> bool:
        runs = [len(run.messages) for run in self._running if run.light]
        return len(runs) < LIGHT_RUNS or sum(runs) < self._workers

    def _work(self, taken: Batch) -> None:
        messages = taken.messages
        failures = 0
        while True:
            try:
                if failures:
                    self._graph.uncount_delivery(messages)
                started = time.monotonic()
                outcomes = self._graph.run(messages)
                with self._changed:
                    self._run_size.record(len(messages), time.monotonic() - started)
            except DependencyDown as down:
                if self._dependency_timed_out(down):
                    return
                failures += 1
                self._pause(BACKOFF.delay(failures))
                continue
            except (Undecided, Interrupted) as postponed:
                log.info("run postponed; its %d messages wait again: %s", len(messages), postponed)
                self._uncount(messages)
                self._put_back(taken)
                return
            except Exception as error:
                fault = environment_fault(error)
                if fault:
                    log.info("run stopped; its %d messages are released: %s", len(messages), fault)
                    self._uncount(messages)
                    self._stop(fault)
                    return
                log.exception("a run failed; its %d messages are released", len(messages))
                self._count_failed_run(error)
                outcomes = []
            else:
                self._failed_runs = 0
            with self._changed:
                self._down_since = None
            self._on_settled(messages, outcomes)
            return

    def _pause(self, seconds: float) -> None:
        """Wait for a time, or until the scheduler is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def _put_back(self, taken: Batch) -> None:
        """Queue the messages of a run again, behind all others."""
        with self._changed:
            if not self._closed:
                for message in taken.messages:
                    self._add(message, not taken.light, taken.student, taken.key)

    def _dependency_timed_out(self, down: DependencyDown) -> bool:
        fault = probe_worker()  # without file handles, every dependency seems to be down
        if fault:
            self._stop(fault)
            return True
        with self._changed:
            now = time.monotonic()
            self._down_since = self._down_since or now
            log.warning("waiting for a dependency: %s", down)
            if not self._closed and now - self._down_since < self._dependency_timeout:
                return False
        self._stop(down)
        return True

    def _count_failed_run(self, error: Exception) -> None:
        with self._changed:
            self._failed_runs += 1
            failed = self._failed_runs
        if failed >= MAX_FAILED_RUNS:
            self._stop(
                RunsFailed(f"{failed} runs failed in a row, the last with {type(error).__name__}")
            )

    def _stop(self, fault: EnvironmentFault | RunsFailed) -> None:
        """Close the scheduler because of a fault; the first fault is kept."""
        with self._changed:
            self._fault = self._fault or fault
            self._closed = True
            self._changed.notify_all()

    def check(self) -> None:
        """Raise the fault that stopped the scheduler, if one did."""
        if self.down:
            raise self.down

    @property
    def down_seconds(self) -> float:
        """Seconds since a dependency went down; 0 if none is down."""
        with self._changed:
            return time.monotonic() - self._down_since if self._down_since else 0.0
