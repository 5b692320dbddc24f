"""Engines are not driven harder than allowed, and waiting for them is nobody's failure."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from transforms import retry
from transforms.errors import TransientError
from transforms.limits import Limits


def test_only_so_many_at_once():
    limits = Limits("at-once-test", at_once=2)
    running, most = 0, 0
    lock = threading.Lock()
    both = threading.Barrier(2)

    def call():
        nonlocal running, most
        with limits.admitted():
            with lock:
                running += 1
                most = max(most, running)
            both.wait(30)  # never passes unless two are in at the same time
            with lock:
                running -= 1

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_calls_are_spread_over_the_minute():
    limits = Limits("per-minute-test", per_minute=600)
    begun = []
    for _ in range(4):
        with limits.admitted():
            begun.append(time.monotonic())
    assert all(b - a >= 0.099 for a, b in itertools.pairwise(begun))


def test_everybody_stays_away_for_as_long_as_the_engine_asked():
    limits = Limits("retry-after-test")
    started = time.monotonic()
    with pytest.raises(TransientError), limits.admitted():
        raise TransientError("429", retry_after=0.3)
    with limits.admitted():
        assert time.monotonic() - started >= 0.3


def test_stages_do_not_share():
    with Limits("one-test", at_once=1).admitted(), Limits("other-test", at_once=1).admitted():
        pass


def test_waiting_to_be_admitted_does_not_use_up_the_deadline():
    limits = Limits("deadline-test", per_minute=120)
    policy = retry.Policy(timeout=0.2)
    left: list[float] = []
    for _ in range(3):
        retry.run(left.append, policy, [], limits.admitted)
    assert all(seconds > 0 for seconds in left)
