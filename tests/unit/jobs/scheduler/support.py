"""Stand-ins for what a scheduler works with."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime

from transforms.errors import DependencyDown
from transforms.model import Message, Outcome

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


class Clock:
    """Stands in for the module `time`; sleeping takes no time."""

    def __init__(self):
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)


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
    except Waits:
        return None


class Waits(Exception):
    """A thread would wait for a change."""
