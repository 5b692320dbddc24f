"""Failure, standstill and restart of supervised threads."""

from __future__ import annotations

import logging
import math
import threading
import time

import pytest

from transforms.process.supervision import (
    SupervisedThread,
    ThreadFailed,
    first_failure,
    restart_stale,
)

PATIENCE = 20
QUICK = 0.01
"""Seconds after which a thread that waits at a gate is late."""


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


class Loop:
    """Waits at a gate in each pass; fails in the passes whose numbers are given."""

    def __init__(self, *failing: int, idle: float = 0.0) -> None:
        self.failing = failing
        self.idle = idle
        self.passes = 0
        self.thread: SupervisedThread
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()
        self.ended = threading.Event()

    def run(self):
        try:
            while not self.ended.is_set():
                self.passes += 1
                number = self.passes
                self.thread.stamp(self.idle)
                self.entered.release()
                if number in self.failing:
                    raise SystemExit  # not even an `Exception`
                assert self.gate.wait(PATIENCE)
                time.sleep(0.001)
        finally:
            self.entered.release()


@pytest.fixture
def start():
    loops = []

    def start(loop, stale_after=PATIENCE, restarts=0) -> SupervisedThread:
        loops.append(loop)
        loop.thread = SupervisedThread("test", loop.run, stale_after, restarts)
        loop.thread.start()
        return loop.thread

    yield start
    for loop in loops:
        loop.ended.set()
        loop.gate.set()
        loop.thread.join(PATIENCE)


def test_thread_with_passing_loop_has_no_failure(start):
    loop = Loop()
    loop.gate.set()
    thread = start(loop)
    wait_until(lambda: loop.passes > 3)
    assert thread.is_alive()
    assert thread.failure() is None
    loop.ended.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert thread.failure() is None


def test_exception_is_logged_as_failure(start, caplog):
    thread = start(Loop(1))
    wait_until(thread.failure)
    assert isinstance(thread.failure(), ThreadFailed)
    assert str(thread.failure()) == "the test thread failed with SystemExit"
    assert first_failure([SupervisedThread("other", print, 0), thread]) is thread.failure()
    assert "unexpected exception in the test thread" in caplog.text
    thread.start()  # it stays failed
    assert not thread.is_alive()


def test_late_stamp_counts_as_failure(start):
    thread = start(Loop(), stale_after=QUICK)
    wait_until(thread.failure)
    assert "the test thread has made no progress for" in str(thread.failure())


@pytest.mark.parametrize("idle", [PATIENCE, math.inf])
def test_announced_wait_is_not_late(start, idle):
    loop = Loop(idle=idle)
    thread = start(loop, stale_after=QUICK)
    assert loop.entered.acquire(timeout=PATIENCE)
    time.sleep(2 * QUICK)
    assert thread.failure() is None


def test_failed_thread_is_restarted_three_times(start, caplog):
    loop = Loop(1, 2, 3, 4)
    thread = start(loop, restarts=3)
    wait_until(thread.failure)
    assert loop.passes == 4
    assert caplog.text.count("it is started again") == 3


def test_stale_thread_is_replaced_and_ends(start, caplog):
    caplog.set_level(logging.INFO)
    loop = Loop()
    thread = start(loop, stale_after=PATIENCE, restarts=1)
    assert loop.entered.acquire(timeout=PATIENCE)
    stale = thread._thread
    thread._due = time.monotonic() - 1
    restart_stale()
    assert loop.entered.acquire(timeout=PATIENCE)  # by the new thread
    loop.gate.set()
    stale.join(PATIENCE)
    assert not stale.is_alive()
    assert thread.is_alive()
    assert "the hanging test thread has ended" in caplog.text


def test_running_thread_is_not_started_twice(start):
    loop = Loop()
    thread = start(loop)
    assert loop.entered.acquire(timeout=PATIENCE)
    first = thread._thread
    thread.start()
    assert thread._thread is first
    assert first.daemon  # a stuck run must not keep the process from exiting
