"""Elements of a bundle are worked on at the same time, engines by so many threads only."""

from __future__ import annotations

import threading

import pytest

from transforms.side_by_side import side_by_side, slot


def test_items_are_worked_on_at_the_same_time_and_come_back_in_order():
    everybody = threading.Barrier(8)

    def work(item: int) -> int:
        everybody.wait(30)  # never passes unless all are in at the same time
        return item * item

    assert side_by_side(work, range(8), workers=2) == [item * item for item in range(8)]


def test_one_worker_begins_an_item_after_the_one_before_has_ended():
    happened: list[str] = []

    def work(item: int) -> threading.Thread:
        happened.extend((f"begin {item}", f"end {item}"))
        return threading.current_thread()

    assert set(side_by_side(work, range(3), workers=1)) == {threading.current_thread()}
    assert happened == [f"{what} {item}" for item in range(3) for what in ("begin", "end")]


def test_a_single_item_stays_on_its_thread():
    assert side_by_side(lambda _: threading.current_thread(), [1], workers=3) == [
        threading.current_thread()
    ]


def test_so_many_engines_work_at_once():
    running, most = 0, 0
    lock = threading.Lock()
    both = threading.Barrier(2)

    def work(_: int) -> None:
        nonlocal running, most
        with slot(2):
            with lock:
                running += 1
                most = max(most, running)
            both.wait(30)  # never passes unless two are in at the same time
            with lock:
                running -= 1

    side_by_side(work, range(10), workers=2)
    assert most == 2


def test_a_failure_is_raised_once_all_that_had_begun_have_ended():
    begun: list[int] = []
    ended: list[int] = []
    failing = threading.Event()

    def work(item: int) -> None:
        begun.append(item)
        if item == 3:
            failing.set()
            raise ValueError("the third")
        failing.wait(30)
        ended.append(item)

    with pytest.raises(ValueError, match="the third"):
        side_by_side(work, range(200), workers=2)
    assert sorted(ended) == sorted(set(begun) - {3})
