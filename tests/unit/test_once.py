"""What is costly to make is made once per process."""

from __future__ import annotations

import threading

import pytest

from tests.held_calls import HeldCalls
from transforms.once import forget, once


class Thing:
    def __init__(self, *settings: int) -> None:
        self.settings = settings


class Other(Thing):
    pass


def test_equal_settings_share_one_thing():
    assert once(Thing, 1, 2) is once(Thing, 1, 2)
    assert once(Thing, 1, 2).settings == (1, 2)


def test_other_settings_or_makers_do_not_share():
    things = [once(Thing, 3), once(Thing, 4), once(Thing), once(Other, 3)]
    assert len(set(map(id, things))) == 4


def test_threads_that_ask_together_share_one_thing():
    making = HeldCalls(1)

    def make() -> object:
        making()
        return object()

    got: list[object] = []
    threads = [threading.Thread(target=lambda: got.append(once(make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert making.most == 1
    assert got == [once(make)] * 8


def test_making_one_thing_may_need_another():
    def outer() -> tuple[Thing, ...]:
        return (once(Thing, 5),)

    made: list[object] = []
    thread = threading.Thread(target=lambda: made.append(once(outer)), daemon=True)
    thread.start()
    thread.join(30)  # it would wait for itself
    assert made
    assert made == [(once(Thing, 5),)]


def test_failure_to_make_is_not_remembered():
    results = iter([ValueError("not yet"), "made"])

    def make() -> str:
        result = next(results)
        if isinstance(result, ValueError):
            raise result
        return result

    with pytest.raises(ValueError, match="not yet"):
        once(make)
    assert once(make) == "made"


def test_child_forgets_what_its_parent_made(monkeypatch):
    monkeypatch.setattr("transforms.once._made", {})  # other tests keep what they have made
    before = once(Thing, 6)
    forget()
    assert once(Thing, 6) is not before
