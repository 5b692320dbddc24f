"""Singletons are made once per process and settings."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.held_calls import HeldCalls
from transforms.process.singletons import clear_singletons, process_singleton


class Thing:
    def __init__(self, *settings: int) -> None:
        self.settings = settings


class Other(Thing):
    pass


def test_equal_settings_share_one_singleton():
    assert process_singleton(Thing, 1, 2) is process_singleton(Thing, 1, 2)
    assert process_singleton(Thing, 1, 2).settings == (1, 2)


def test_other_settings_or_factories_do_not_share():
    things = [
        process_singleton(Thing, 3),
        process_singleton(Thing, 4),
        process_singleton(Thing),
        process_singleton(Other, 3),
    ]
    assert len(set(map(id, things))) == 4


def test_concurrent_threads_share_one_singleton():
    making = HeldCalls(1)

    def make() -> object:
        making()
        return object()

    got: list[object] = []
    threads = [
        threading.Thread(target=lambda: got.append(process_singleton(make))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert making.most == 1
    assert got == [process_singleton(make)] * 8


def test_singleton_can_depend_on_another():
    def outer() -> tuple[Thing, ...]:
        return (process_singleton(Thing, 5),)

    made: list[object] = []
    thread = threading.Thread(target=lambda: made.append(process_singleton(outer)), daemon=True)
    thread.start()
    thread.join(30)  # a deadlock if the lock were not reentrant
    assert made
    assert made == [(process_singleton(Thing, 5),)]


def test_failure_to_make_is_not_remembered():
    results: Iterator[ValueError | str] = iter([ValueError("not yet"), "made"])

    def make() -> str:
        result = next(results)
        if isinstance(result, ValueError):
            raise result
        return result

    with pytest.raises(ValueError, match="not yet"):
        process_singleton(make)
    assert process_singleton(make) == "made"


def test_clear_drops_all_singletons(monkeypatch):
    monkeypatch.setattr(
        "transforms.process.singletons._made", {}
    )  # keep the singletons of other tests
    before = process_singleton(Thing, 6)
    clear_singletons()
    assert process_singleton(Thing, 6) is not before
