"""parallel_map runs items in parallel; engine slots limit engine calls."""

from __future__ import annotations

import os
import threading

import pytest

from tests.held_calls import MOMENT, HeldCalls
from transforms.process.thread_pool import available_cpus, engine_slot, parallel_map


def use_slot(item: int, workers: int) -> int:
    with engine_slot(workers):
        return item


def test_items_run_in_parallel_in_order():
    together = threading.Barrier(8)

    def work(item: int) -> int:
        together.wait(30)  # passes only if all items run at the same time
        return item * item

    assert parallel_map(work, range(8), workers=2) == [item * item for item in range(8)]


def test_one_worker_runs_items_in_sequence():
    happened: list[str] = []

    def work(item: int) -> threading.Thread:
        happened.extend((f"begin {item}", f"end {item}"))
        return threading.current_thread()

    assert set(parallel_map(work, range(3), workers=1)) == {threading.current_thread()}
    assert happened == [f"{what} {item}" for item in range(3) for what in ("begin", "end")]


def test_single_item_runs_on_calling_thread():
    assert parallel_map(lambda _: threading.current_thread(), [1], workers=3) == [
        threading.current_thread()
    ]


@pytest.mark.parametrize("workers", [2, 3])
def test_engine_calls_beyond_workers_wait(workers):
    calls = HeldCalls(workers)

    def work(_: int) -> None:
        with engine_slot(workers):
            calls()

    parallel_map(work, range(workers + 2), workers)
    assert calls.most == workers


def test_failed_engine_call_frees_its_slot():
    def work(item: int) -> int:
        with engine_slot(2):
            raise ValueError(item)

    for _ in range(3):
        with pytest.raises(ValueError, match=r"\d"):
            parallel_map(work, range(2), workers=2)
    assert parallel_map(lambda item: use_slot(item, 2), range(2), workers=2) == [0, 1]


def test_slot_is_refused_after_patience():
    refused = threading.Event()

    def work(patience: float) -> bool:
        with engine_slot(2, patience) as is_free:
            if is_free:
                assert refused.wait(30)
            else:
                refused.set()
            return is_free

    assert sorted(parallel_map(work, [0.0] * 3, workers=2)) == [False, True, True]


def test_other_threads_need_no_slot():
    with engine_slot(1), engine_slot(1), engine_slot(1):
        pass


def test_default_is_one_worker_per_cpu(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 4, 5}, raising=False)
    assert available_cpus() == 3
    calls = HeldCalls(3)

    def work(_: int) -> None:
        with engine_slot(None):
            calls()

    parallel_map(work, range(5), workers=None)
    assert calls.most == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {4})
    everything = parallel_map(lambda _: threading.current_thread(), range(3), workers=None)
    assert set(everything) == {threading.current_thread()}


@pytest.mark.parametrize(("counted", "processors"), [(6, 6), (None, 1)])
def test_cpus_are_counted_without_affinity(monkeypatch, counted, processors):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: counted)
    assert available_cpus() == processors


def test_pool_threads_are_daemons():
    threads = parallel_map(lambda _: threading.current_thread(), range(2), workers=2)
    assert all(thread.daemon for thread in threads)


def test_pool_reuses_its_threads():
    def work(_: int) -> int:
        return threading.get_ident()

    first = parallel_map(work, range(2), workers=2)
    count = threading.active_count()
    for _ in range(20):
        parallel_map(work, range(50), workers=2)
    assert threading.active_count() <= count
    assert first


def test_error_is_raised_after_running_calls_end():
    ended: list[int] = []
    failing, holding = threading.Event(), threading.Event()
    begun = threading.Barrier(3)

    def work(item: int) -> None:
        begun.wait(30)
        if item == 0:  # its error is found before the results of the others are awaited
            failing.set()
            raise ValueError("the first")
        failing.wait(30)
        holding.wait(MOMENT)  # the failure has been noticed by now
        ended.append(item)

    with pytest.raises(ValueError, match="the first"):
        parallel_map(work, range(3), workers=2)
    assert sorted(ended) == [1, 2]


def test_error_cancels_items_not_started():
    begun: list[int] = []
    pause = threading.Event()

    def work(item: int) -> None:
        begun.append(item)
        if item == 0:
            raise ValueError("the first")
        pause.wait(MOMENT)  # all items would take some nine seconds

    with pytest.raises(ValueError, match="the first"):
        parallel_map(work, range(1000), workers=2)
    assert len(begun) < 1000


def test_first_error_in_order_is_raised():
    together = threading.Barrier(3)

    def work(item: int) -> None:
        together.wait(30)
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 0"):
        parallel_map(work, range(3), workers=2)
