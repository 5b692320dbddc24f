"""Bounded runs of the graph, several side by side: what drain and batch have in common.

The graph is translated once and run many times. A lane is a thread; each of its runs takes what is
waiting, works it off on the FnApiRunner within the calling thread, and reports the outcomes. Heavy
requests get a run of their own and one lane takes light ones only, so that a slow video never holds
up the texts behind it. Light ones share a run, whose stages work on them side by side.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner, worker_handlers
from apache_beam.transforms.environments import EmbeddedPythonEnvironment

from pipeline.graph import build
from pipeline.monitoring.health import Check, dependencies
from pipeline.settings.beam_options import VividlyOptions
from transforms.artifacts import ArtifactStore
from transforms.errors import DependencyDown
from transforms.ledger import Ledger
from transforms.model import Message, Outcome
from transforms.process.backoff import Backoff
from transforms.stage.budget import BudgetMeter, budget_meter

log = logging.getLogger(__name__)

MAX_RUN = 250
"""Light messages in one run at most; what a run costs by itself is small among so many."""

MIN_RUN = 16
"""Light messages that a run may always take."""

RUN_SECONDS = 2.0
"""What a run of light messages is to take. Outcomes are committed, and acknowledged, where it ends;
after a full run, the next is sized by it, at most four times and at least half as large."""

LIGHT_RUNS = 2
"""Runs of light messages that go on at once while they keep every worker busy: one computes while
the other waits. More would only take turns at running Python, and pay for each turn."""

HELD_PER_THREAD = 20
"""Messages held per lane at most, light ones in small runs or heavy ones that wait."""

RUNS_AHEAD = 4
"""Full runs of light messages that may be held, in work or waiting."""

MAX_LINGER = 0.05
"""Seconds that light messages wait for more to share a run with, while other runs are going on."""

BACKOFF = Backoff(first=0.5, longest=10.0)
"""Waits between runs of the same messages while a dependency is down."""


@dataclass
class _Run:
    """The messages and outcomes of the run that goes on in a thread."""

    messages: Sequence[Message]
    outcomes: list[Outcome] = field(default_factory=list)


_current = threading.local()


class _Batch(NamedTuple):
    """What a lane has taken, and whether light ones only."""

    messages: Sequence[Message]
    light: bool


class _Take(beam.DoFn):
    def process(self, _: bytes) -> Iterator[Message]:
        yield from _current.run.messages


class _Report(beam.DoFn):
    def process(self, outcome: Outcome) -> None:
        _current.run.outcomes.append(outcome)


class GraphRunner:
    """The graph between an in-memory source and an in-memory sink, translated once.

    Args:
        options: the graph's settings.
        ledger: where claims and outcomes are kept.
        store: where artifacts are kept.
    """

    def __init__(self, options: VividlyOptions, ledger: Ledger, store: ArtifactStore) -> None:
        pipeline = beam.Pipeline(runner=FnApiRunner(), options=options)
        messages = (
            pipeline
            | "Start" >> beam.Impulse()
            | "Take messages" >> beam.ParDo(_Take()).with_output_types(Message)
        )
        _ = build(messages, options, ledger, store) | "Report" >> beam.ParDo(_Report())
        # The state of a run is gone when it ends. Beam would cache it, and weigh each value by
        # walking over all that the program's modules hold: milliseconds for every message.
        worker_handlers.STATE_CACHE_SIZE_MB = 0
        self._ledger = ledger
        self._store = store
        self._options = options
        self._proto = pipeline.to_runner_api(
            default_environment=EmbeddedPythonEnvironment.default()
        )

    def run(self, messages: Sequence[Message]) -> list[Outcome]:
        """Work messages off on the calling thread.

        Returns:
            The outcome of each; a message without one is not settled.

        Raises:
            DependencyDown: something the graph needs cannot be reached; outcomes that were
                committed before are found again by the next run.
        """
        _current.run = run = _Run(messages)
        try:
            FnApiRunner().run_via_runner_api(self._proto, self._options).wait_until_finish()
        except DependencyDown as down:  # Beam writes the step's name into the first argument
            raise DependencyDown(down.dependency.partition(" [while")[0], down.detail) from None
        finally:
            del _current.run
        return run.outcomes

    def checks(self) -> dict[str, Check]:
        """What reaches each thing that the graph needs, or raises; by its name."""
        return dependencies(self._ledger, self._store)

    @property
    def meter(self) -> BudgetMeter:
        """What this process knows of the money spent."""
        return budget_meter(self._ledger)

    @property
    def out_of_money(self) -> bool:
        """Whether what may be spent in an hour is spent, as far as the ledger can be asked."""
        with contextlib.suppress(DependencyDown):
            return self.meter.exceeded(self._options.max_cost_per_hour)
        return False

    def uncount_delivery(self, messages: Sequence[Message]) -> None:
        """No worker died of these deliveries: see `Ledger.uncount_delivery`."""
        self._ledger.uncount_delivery([message.message_id for message in messages])


class Scheduler:
    """Threads that work messages off as they are submitted.

    Args:
        graph: what is run.
        workers: lanes that take any request; one more takes light ones only.
        settled: called, on a lane's thread, with the messages of a run and their outcomes.
        dependency_timeout: seconds a dependency may stay down before the lanes give up.
    """

    def __init__(
        self,
        graph: GraphRunner,
        workers: int,
        settled: Callable[[Sequence[Message], Sequence[Outcome]], Any],
        dependency_timeout: float,
    ) -> None:
        self._graph = graph
        self._settled = settled
        self._dependency_timeout = dependency_timeout
        self._changed = threading.Condition()
        self._light: deque[Message] = deque()
        self._heavy: deque[Message] = deque()
        self._since = 0.0  # when the first of the light ones came, on the monotonic clock
        self._workers = workers
        self._floor = max(MIN_RUN, workers)
        self._size = self._floor  # of the next run of light ones, at most
        self._running: list[_Batch] = []
        self._closed = False
        self._down_since: float | None = None
        self.down: DependencyDown | None = None
        """Set once a dependency has been down for too long; the lanes have stopped then."""
        self._lanes = workers + 1
        self._threads = [
            threading.Thread(target=self._lane, args=(index > 0,), name=f"lane-{index}")
            for index in range(self._lanes)
        ]
        for thread in self._threads:
            thread.daemon = True  # a lane that is stuck must not keep the process from exiting
            thread.start()

    def submit(self, message: Message, heavy: bool) -> None:
        """Have a message worked off."""
        with self._changed:
            if not heavy and not self._light:
                self._since = time.monotonic()
            (self._heavy if heavy else self._light).append(message)
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """Messages that no lane has taken yet."""
        with self._changed:
            return len(self._light) + len(self._heavy)

    def has_room(self, held: int, timeout: float) -> bool:
        """Wait for room for more messages, or for anything to change that might make some.

        What waits here nobody else can take, so it is as much as the lanes need to go on: many
        light messages while their runs are quick, and few heavy ones.

        Args:
            held: messages that were submitted and are not settled.
            timeout: seconds to wait at most.
        """
        with self._changed:
            most = HELD_PER_THREAD * self._lanes
            room = held < max(most, RUNS_AHEAD * self._size) and len(self._heavy) < most
            if not room:
                self._changed.wait(timeout)
            return room

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do and nothing being done."""
        with self._changed:
            return not (self._light or self._heavy or self._running)

    def close(self, grace: float) -> bool:
        """Take nothing more and wait for the runs in flight.

        Args:
            grace: seconds to wait at most.

        Returns:
            Whether all ended in time. Those that did not are not held against their messages.
        """
        with self._changed:
            self._closed = True
            self._light.clear()
            self._heavy.clear()
            self._changed.notify_all()
            finished = self._changed.wait_for(lambda: not self._running, timeout=grace)
            cut_off = [message for run in self._running for message in run.messages]
        if cut_off:
            with contextlib.suppress(DependencyDown):
                self._graph.uncount_delivery(cut_off)
        return finished

    def _lane(self, takes_heavy: bool) -> None:
        while True:
            taken = self._next(takes_heavy)
            if not taken:
                return
            try:
                self._work(taken.messages)
            except Exception:
                log.exception("%d outcomes could not be reported", len(taken.messages))
            finally:
                with self._changed:
                    self._running.remove(taken)
                    self._changed.notify_all()

    def _next(self, takes_heavy: bool) -> _Batch | None:
        with self._changed:
            while not self._closed:
                if takes_heavy and self._heavy:
                    taken = _Batch([self._heavy.popleft()], light=False)
                elif self._light and self._may_run_light():
                    lingering = self._linger()
                    if lingering > 0:
                        self._changed.wait(lingering)
                        continue
                    share = min(len(self._light), self._size)
                    taken = _Batch([self._light.popleft() for _ in range(share)], light=True)
                    self._since = time.monotonic()
                else:
                    self._changed.wait()
                    continue
                self._running.append(taken)
                return taken
            return None

    def _may_run_light(self) -> bool:
        runs = [len(run.messages) for run in self._running if run.light]
        return len(runs) < LIGHT_RUNS or sum(runs) < self._workers

    def _linger(self) -> float:
        """Seconds for which it is better to wait for more light messages."""
        if len(self._light) >= self._size or not self._running:
            return 0.0
        return self._since + MAX_LINGER - time.monotonic()

    def _learn(self, messages: int, seconds: float) -> None:
        """Take more light messages next time, or fewer."""
        with self._changed:
            if messages < self._size:
                return
            factor = min(4.0, max(0.5, RUN_SECONDS / seconds))
            most = max(MAX_RUN, self._floor)
            self._size = min(most, max(self._floor, int(self._size * factor)))

    def _work(self, messages: Sequence[Message]) -> None:
        failures = 0
        while True:
            try:
                if failures:
                    self._graph.uncount_delivery(messages)
                started = time.monotonic()
                outcomes = self._graph.run(messages)
                self._learn(len(messages), time.monotonic() - started)
            except DependencyDown as down:
                if self._gave_up(down):
                    return
                failures += 1
                time.sleep(BACKOFF.delay(failures))
                continue
            except Exception:
                log.exception("a run failed; its %d messages are handed back", len(messages))
                outcomes = []
            with self._changed:
                self._down_since = None
            self._settled(messages, outcomes)
            return

    def _gave_up(self, down: DependencyDown) -> bool:
        with self._changed:
            now = time.monotonic()
            self._down_since = self._down_since or now
            log.warning("%s; waiting for it", down)
            if not self._closed and now - self._down_since < self._dependency_timeout:
                return False
            self.down = self.down or down
            self._closed = True
            self._changed.notify_all()
            return True

    @property
    def waiting_for(self) -> float:
        """Seconds for which a dependency has been down; 0 when none is."""
        with self._changed:
            return time.monotonic() - self._down_since if self._down_since else 0.0
