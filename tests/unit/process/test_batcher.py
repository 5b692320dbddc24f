"""Items of threads that wait for a function go into one batch."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from transforms.process.batcher import Batcher


class Work:
    """Doubles numbers; the first batch waits until it is let go."""

    def __init__(self):
        self.batches = []
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self, items):
        self.batches.append(list(items))
        self.begun.set()
        assert self.may_end.wait(60)
        if None in items:
            raise ValueError("not a number")
        return [2 * item for item in items]


def run(items, most=100):
    """Run the first item; the others join while it works. Return the results and batches."""
    work = Work()
    batcher = Batcher(work, most)
    with ThreadPoolExecutor(len(items)) as pool:
        results = [pool.submit(batcher, items[0])]
        assert work.begun.wait(60)
        results += [pool.submit(batcher, item) for item in items[1:]]
        while len(batcher._waiting) < len(items) - 1:
            threading.Event().wait(0.001)
        work.may_end.set()
    return results, work.batches


def test_waiting_items_share_a_batch():
    results, batches = run(range(10))
    assert [result.result() for result in results] == list(range(0, 20, 2))
    assert [len(batch) for batch in batches] == [1, 9]


def test_batch_holds_at_most_the_maximum():
    results, batches = run(range(10), most=4)
    assert [result.result() for result in results] == list(range(0, 20, 2))
    assert [len(batch) for batch in batches] == [1, 4, 4, 1]


def test_error_is_raised_for_each_item_of_its_batch():
    results, _ = run([1, 2, None, 3])
    assert results[0].result() == 2
    for result in results[1:]:
        with pytest.raises(ValueError, match="not a number"):
            result.result()
