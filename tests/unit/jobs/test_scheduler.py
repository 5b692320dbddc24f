"""Distribution of messages among runs; the graph is a stand-in."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.jobs import scheduler
from pipeline.jobs.run_size import MAX_RUN, MIN_RUN
from pipeline.jobs.scheduler import HELD_PER_THREAD, LIGHT_RUNS, RUNS_AHEAD, Scheduler
from pipeline.jobs.turns import Batch
from tests.clock import HighestDraw
from tests.integration.drain_support import wait_until
from transforms.errors import DependencyDown, Interrupted, Undecided, WorkerFault
from transforms.model import Message, Outcome
from transforms.process import backoff
from transforms.process.backoff import Backoff
from transforms.process.supervision import SupervisedThread

PATIENCE = 20
DOWN = DependencyDown("postgres", "no answer")


class Gated:
    """A graph whose runs wait at a gate."""

    def __init__(self):
        self.begun: list[list[str]] = []
        self.uncounted: list[list[str]] = []
        self.events: list[str] = []
        self.errors: deque[Exception] = deque()
        self.changed = threading.Condition()
        self.gate = threading.Event()

    def run(self, messages):
        with self.changed:
            self.begun.append(ids(messages))
            self.events.append("run")
            self.changed.notify_all()
        assert self.gate.wait(3 * PATIENCE)
        if self.errors:
            raise self.errors.popleft()
        return [Outcome(each.message_id, "completed") for each in messages]

    def uncount_delivery(self, messages):
        self.events.append("uncount")
        self.uncounted.append(ids(messages))

    def wait_for(self, runs):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.begun) >= runs, PATIENCE), self.begun

    @property
    def sizes(self):
        return [len(run) for run in self.begun]


@pytest.fixture
def graph():
    return Gated()


class Settled(list[tuple[list[str], list[str]]]):
    """The message ids of each run that ended, and the ids of its outcomes."""

    def __init__(self):
        super().__init__()
        self.changed = threading.Condition()

    def __call__(self, messages, outcomes):
        with self.changed:
            self.append((ids(messages), [outcome.message_id for outcome in outcomes]))
            self.changed.notify_all()

    def wait_for(self, runs):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self) >= runs, PATIENCE), list(self)


@pytest.fixture
def settled():
    return Settled()


@pytest.fixture
def start(graph, settled):
    started = []

    def start(workers, settled=settled, dependency_timeout=PATIENCE) -> Scheduler:
        stand_in: Any = graph
        started.append(Scheduler(stand_in, workers, settled, dependency_timeout))
        return started[-1]

    yield start
    graph.gate.set()
    for each in started:
        assert each.close(PATIENCE)


class Clock:
    """Stands in for the module `time`; sleeping takes no time."""

    def __init__(self):
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(scheduler, "time", clock)
    return clock


@pytest.fixture
def still(monkeypatch, graph):
    """Make a scheduler without running threads, so that a test takes batches itself."""

    def still(workers) -> Scheduler:
        with monkeypatch.context() as patch:
            patch.setattr(SupervisedThread, "start", lambda _: None)
            stand_in: Any = graph
            return Scheduler(stand_in, workers, lambda *_: None, PATIENCE)

    return still


def message(number):
    return Message(b"{}", {}, f"message-{number}", datetime.now(UTC))


def ids(messages):
    return [each.message_id for each in messages]


def submit(to, count, heavy=False):
    for number in range(count):
        to.submit(message(f"{'heavy' if heavy else 'light'}-{number}"), heavy)


def take(running, heavy=True):
    """Take a batch as a thread would; None if the thread would wait."""
    try:
        return running._take_batch(heavy)
    except _Waits:
        return None


class _Waits(Exception):
    pass


@pytest.fixture
def no_waiting(monkeypatch):
    def wait(*_):
        raise _Waits

    monkeypatch.setattr(threading.Condition, "wait", wait)


def test_light_messages_share_runs_apart_from_heavy(graph, start):
    running = start(workers=4)
    with running._changed:  # no thread takes a batch before all are queued
        submit(running, 3 * MIN_RUN)
    graph.wait_for(LIGHT_RUNS)
    submit(running, 1, heavy=True)
    graph.wait_for(LIGHT_RUNS + 1)
    assert graph.sizes == [MIN_RUN] * LIGHT_RUNS + [1]
    assert running.waiting == MIN_RUN


@pytest.mark.parametrize("workers", [1, 3])
def test_heavy_messages_do_not_block_light_message(graph, start, workers):
    running = start(workers)
    with running._changed:
        submit(running, workers + 1, heavy=True)
        submit(running, 1)
    graph.wait_for(workers + 1)
    heavy = [f"message-heavy-{number}" for number in range(workers)]
    assert sorted(run[0] for run in graph.begun) == [*heavy, "message-light-0"]
    assert running.waiting == 1


def test_idle_worker_gets_a_light_run(graph, start):
    running = start(workers=4)
    for runs in range(1, 5):
        submit(running, 1)
        graph.wait_for(runs)
    submit(running, 1)
    assert graph.sizes == [1] * 4
    assert running.waiting == 1


@pytest.mark.usefixtures("no_waiting")
def test_light_thread_takes_no_heavy_message(still):
    running = still(workers=1)
    submit(running, 1, heavy=True)
    assert not running.idle
    assert take(running, heavy=False) is None
    assert take(running).messages[0].message_id == "message-heavy-0"
    assert not running.idle
    assert running.waiting == 0


@pytest.mark.usefixtures("no_waiting")
def test_heavy_messages_are_taken_first_and_in_order(still, clock):
    running = still(workers=2)
    submit(running, 1)
    clock.now += scheduler.MAX_LINGER
    submit(running, 2, heavy=True)
    found = [ids(take(running).messages) for _ in range(3)]
    assert found == [["message-heavy-0"], ["message-heavy-1"], ["message-light-0"]]


@pytest.mark.usefixtures("no_waiting")
def test_students_take_turns_with_heavy_messages(still, clock):
    running = still(workers=1)
    for student in ("ann", "ann", "bob", "ann"):
        running.submit(message(student), True, student)
    found = [take(running).messages[0].message_id for _ in range(4)]
    assert found == [f"message-{student}" for student in ("ann", "bob", "ann", "ann")]


def test_heavy_run_does_not_count_as_light(still, clock):
    running = still(workers=1)
    submit(running, 1, heavy=True)
    assert not take(running).light
    submit(running, LIGHT_RUNS * MIN_RUN)
    assert [take(running).light for _ in range(LIGHT_RUNS)] == [True] * LIGHT_RUNS


@pytest.mark.usefixtures("no_waiting")
def test_light_messages_linger_while_runs_go_on(still, clock):
    running = still(workers=4)
    submit(running, 1)
    assert len(take(running).messages) == 1  # at once: nothing else goes on
    submit(running, 1)
    clock.now += scheduler.MAX_LINGER / 2
    submit(running, 1)  # does not make the first one wait longer
    assert take(running) is None
    clock.now += scheduler.MAX_LINGER / 2
    assert len(take(running).messages) == 2


@pytest.mark.usefixtures("no_waiting")
def test_full_run_of_light_messages_does_not_linger(still, clock):
    running = still(workers=2 * MIN_RUN)
    submit(running, 1, heavy=True)
    take(running)
    size = 2 * MIN_RUN  # one message for each worker
    submit(running, size + 1)
    clock.now += scheduler.MAX_LINGER / 2
    found = ids(take(running).messages)
    assert found == [f"message-light-{number}" for number in range(size)]
    clock.now += scheduler.MAX_LINGER / 2
    assert take(running) is None  # what is left waits from the moment others were taken
    clock.now += scheduler.MAX_LINGER / 2
    assert len(take(running).messages) == 1


def test_quick_full_run_makes_next_run_larger(graph, start, settled):
    running = start(workers=1)
    graph.gate.set()
    with running._changed:
        submit(running, MIN_RUN)
    settled.wait_for(1)
    with running._changed:
        submit(running, 2 * MIN_RUN)
    settled.wait_for(2)
    assert graph.sizes == [MIN_RUN, 2 * MIN_RUN]


@pytest.mark.parametrize(
    ("held", "heavy", "size", "room"),
    [
        (2 * HELD_PER_THREAD - 1, 0, 1, True),
        (2 * HELD_PER_THREAD, 0, 1, False),
        (0, 2 * HELD_PER_THREAD - 1, 1, True),
        (0, 2 * HELD_PER_THREAD, 1, False),
        (RUNS_AHEAD * 100 - 1, 0, 100, True),
        (RUNS_AHEAD * 100, 0, 100, False),
    ],
)
def test_room_is_bounded_for_light_and_heavy_messages(still, held, heavy, size, room):
    running = still(workers=1)
    running._run_size.limit = size
    submit(running, heavy, heavy=True)
    assert running.has_room(held, timeout=0) is room


@pytest.mark.usefixtures("no_waiting")
def test_heavy_places_are_for_running_and_next_ones(still):
    running = still(workers=2)
    submit(running, 1)
    assert running.heavy_places == 3
    submit(running, 2, heavy=True)
    take(running)
    assert running.heavy_places == 1
    submit(running, 3, heavy=True)
    assert running.heavy_places == -2


def test_wait_for_change_ends_with_a_run(graph, start):
    running = start(workers=1)
    submit(running, 1)
    graph.wait_for(1)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(running.wait_for_change, PATIENCE)
        while not waiting.done():  # it may not have begun to wait when a run ends
            submit(running, 1)
            graph.gate.set()


def test_wait_for_room_ends_when_messages_are_taken(graph, start):
    running = start(workers=1)
    held = RUNS_AHEAD * MAX_RUN
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(running.has_room, held, PATIENCE)
        submit(running, 1)
        graph.gate.set()
        assert waiting.result(PATIENCE / 2) is False


def test_wait_for_room_lasts_its_timeout(still):
    found = still(workers=1)
    started = time.monotonic()
    assert found.has_room(RUNS_AHEAD * MAX_RUN, timeout=0.1) is False
    assert time.monotonic() - started >= 0.1


def test_outcomes_are_reported_before_scheduler_is_idle(graph, start):
    reported = []

    def settled(messages, outcomes):
        reported.append((running.idle, ids(messages), [o.message_id for o in outcomes]))

    running = start(1, settled)
    graph.gate.set()
    assert running.idle
    submit(running, 1)
    assert running.close(PATIENCE)
    expected = ["message-light-0"]
    assert reported in ([], [(False, expected, expected)])  # closed before, or after it was taken


def test_failed_run_settles_nothing(graph, start, settled):
    running = start(workers=1)
    graph.errors.append(RuntimeError("a bug"))
    graph.gate.set()
    submit(running, 1, heavy=True)
    settled.wait_for(1)
    submit(running, 1, heavy=True)
    settled.wait_for(2)
    assert settled == [(["message-heavy-0"], []), (["message-heavy-0"], ["message-heavy-0"])]


def test_failing_callback_stops_the_scheduler(graph, start):
    def broken(messages, outcomes):
        raise ZeroDivisionError("a bug")

    running = start(1, broken)
    graph.gate.set()
    assert running.down is None
    submit(running, 1, heavy=True)
    wait_until(lambda: running.thread_failure)
    assert "failed with ZeroDivisionError" in str(running.down)
    assert running.idle


def test_run_is_repeated_until_dependency_is_back(graph, start, settled, clock, monkeypatch):
    monkeypatch.setattr(backoff, "random", HighestDraw)
    monkeypatch.setattr(Scheduler, "_pause", lambda _, seconds: clock.sleep(seconds))
    graph.errors.extend([DOWN] * 6)
    graph.gate.set()
    running = start(workers=1)
    submit(running, 1, heavy=True)
    settled.wait_for(1)
    assert graph.events == ["run"] + ["uncount", "run"] * 6
    assert graph.uncounted == [["message-heavy-0"]] * 6
    assert settled == [(["message-heavy-0"], ["message-heavy-0"])]
    assert clock.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]  # doubled up to a limit
    assert running.down is None
    assert running.down_seconds == 0


def test_close_ends_wait_for_dependency(graph, start, monkeypatch):
    monkeypatch.setattr(scheduler, "BACKOFF", Backoff(3600.0, 3600.0))
    graph.errors.extend([DOWN] * 9)
    graph.gate.set()
    running = start(workers=1)
    submit(running, 1, heavy=True)
    graph.wait_for(1)
    assert running.close(PATIENCE)
    assert running.down is DOWN


def test_interrupted_messages_are_not_settled(still, graph):
    graph.errors.append(Interrupted("script engine", "the job ends"))
    graph.gate.set()
    running = still(workers=1)
    running.withdraw()
    running._work(Batch([message("first")], light=True))
    assert graph.uncounted == [["message-first"]]
    assert running.down is None
    assert running.idle


@pytest.mark.parametrize("heavy", [True, False])
def test_undecided_messages_run_again_behind_others(still, graph, heavy):
    graph.errors.append(Undecided("script", "waits"))
    graph.gate.set()
    running = still(workers=1)
    taken = Batch([message("first")], light=not heavy)
    running.submit(message("second"), heavy)
    running._work(taken)
    assert ids(running._heavy if heavy else running._light) == ["message-second", "message-first"]
    assert graph.uncounted == [["message-first"]]


@pytest.mark.parametrize(
    ("error", "status"), [(WorkerFault("disk", "full"), "worker_fault"), (RuntimeError(), None)]
)
def test_fault_outside_messages_stops_scheduler(graph, start, settled, error, status):
    graph.errors.append(error)
    graph.gate.set()
    running = start(workers=1)
    submit(running, 1, heavy=True)
    if status:
        running._threads[1].join(PATIENCE)
        assert running.down.exit_reason == status
        assert settled == []
        with pytest.raises(type(error)):
            running.check()
    else:
        settled.wait_for(1)
        running.check()


def test_sick_worker_is_told_from_outage(still, monkeypatch):
    sick = WorkerFault("open files", "too many")
    monkeypatch.setattr(scheduler, "probe_worker", lambda: sick)
    running = still(workers=1)
    assert running._dependency_timed_out(DOWN)
    assert running.down is sick


def test_outage_while_uncounting_is_waited_for(graph, start, settled, clock):
    uncount, failing = graph.uncount_delivery, deque([DOWN])

    def fail_once(messages):
        if failing:
            raise failing.popleft()
        uncount(messages)

    graph.uncount_delivery = fail_once
    graph.errors.append(DOWN)
    graph.gate.set()
    submit(start(workers=1), 1)
    settled.wait_for(1)
    assert graph.events == ["run", "uncount", "run"]


def test_outage_while_closing_is_no_error(graph, start, monkeypatch):
    raised: list[object] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)

    def fail(_):
        raise DOWN

    graph.uncount_delivery = fail
    running = start(workers=1)
    submit(running, 1)
    graph.wait_for(1)
    assert not running.close(0)
    assert raised == []
    graph.gate.set()


def test_scheduler_stops_when_dependency_stays_down(graph, start, settled):
    graph.errors.append(DOWN)
    running = start(workers=1, dependency_timeout=0)
    with running._changed:
        submit(running, 2, heavy=True)
    graph.gate.set()
    for thread in running._threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert running.thread_failure is None
    assert running.down is DOWN
    assert graph.begun == [["message-heavy-0"]]
    assert settled == []


def test_outage_is_timed_from_its_first_failure(still, clock):
    running = still(workers=1)
    assert running.down_seconds == 0
    for later, gave_up in ((0, False), (PATIENCE - 1, False), (1, True)):
        clock.now += later
        assert running._dependency_timed_out(DOWN) is gave_up
    assert running.down_seconds == PATIENCE
    assert running.down is DOWN
    running._dependency_timed_out(DependencyDown("artifacts", "another"))
    assert running.down is DOWN  # the first is what it is given up for


def test_success_ends_an_outage(still, graph, clock):
    running = still(workers=1)
    assert not running._dependency_timed_out(DOWN)
    clock.now += PATIENCE
    graph.gate.set()
    running._work(Batch([message(1)], light=True))
    assert not running._dependency_timed_out(DOWN)


def test_closed_scheduler_does_not_wait_for_dependency(still):
    running = still(workers=1)
    running.close(0)
    assert running._dependency_timed_out(DOWN)


def test_close_waits_for_runs_and_drops_the_rest(graph, start, settled):
    running = start(workers=1)
    submit(running, 2, heavy=True)
    graph.wait_for(1)
    submit(running, 1)
    graph.wait_for(2)
    submit(running, 1)
    with ThreadPoolExecutor() as pool:
        closing = pool.submit(running.close, 3 * PATIENCE)
        with running._changed:
            assert running._changed.wait_for(lambda: running._closed, PATIENCE)
        assert running.waiting == 0
        assert not closing.done()
        graph.gate.set()
        assert closing.result(PATIENCE) is True
    for thread in running._threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert len(settled) == len(graph.begun) == 2
    assert graph.uncounted == []


def test_deliveries_cut_off_by_close_are_uncounted(graph, start):
    running = start(workers=2)
    for runs in (1, 2):
        submit(running, 1, heavy=True)
        graph.wait_for(runs)
    assert running.close(grace=0) is False
    assert graph.uncounted == [["message-heavy-0"] * 2]


def test_outage_does_not_keep_scheduler_from_closing(graph, start, monkeypatch):
    def uncount_delivery(_):
        raise DOWN

    running = start(workers=1)
    submit(running, 1)
    graph.wait_for(1)
    monkeypatch.setattr(graph, "uncount_delivery", uncount_delivery)
    assert running.close(grace=0) is False


def test_hanging_ledger_does_not_keep_scheduler_from_closing(graph, start, monkeypatch, caplog):
    answer = threading.Event()
    running = start(workers=1)
    submit(running, 1)
    graph.wait_for(1)
    monkeypatch.setattr(graph, "uncount_delivery", lambda _: answer.wait(PATIENCE))
    monkeypatch.setattr(scheduler, "UNCOUNT_SECONDS", 0.01)
    assert running.close(grace=0) is False
    assert "ledger does not answer; 1 deliveries count as deaths" in caplog.text
    answer.set()


def test_withdrawn_messages_are_those_not_taken(graph, start):
    running = start(workers=1)
    submit(running, 2, heavy=True)
    graph.wait_for(1)
    assert ids(running.withdraw()) == ["message-heavy-1"]
    assert running.withdraw() == []
    submit(running, 1, heavy=True)
    graph.gate.set()
    assert running.close(PATIENCE)
    assert len(graph.begun) == 1


def test_heavy_message_waits_for_equal_one(start, graph, settled):
    running = start(3)
    for name, key in (("first", "topic"), ("equal", "topic"), ("other", None)):
        running.submit(message(name), True, name, key)
    graph.wait_for(2)
    assert sorted(graph.begun) == [["message-first"], ["message-other"]]
    graph.gate.set()
    settled.wait_for(3)
    assert graph.begun[-1] == ["message-equal"]
