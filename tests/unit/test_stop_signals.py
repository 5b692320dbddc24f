"""Signals that stop a job."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress

import pytest

from pipeline.stop_signals import Stopped, last_signal, raise_on_signals, stop_on_signals

SIGNALS = [signal.SIGTERM, signal.SIGINT]


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_sets_event_while_block_runs(number):
    stop = threading.Event()
    before = signal.getsignal(number)
    with stop_on_signals(stop):
        assert not stop.is_set()
        assert last_signal() is None
        signal.raise_signal(number)
        assert stop.wait(10)
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(number) is before
    assert last_signal() == number


def test_signals_do_not_deadlock_with_the_event():
    class Watched(threading.Event):
        lock = threading.Lock()

        def set(self):
            with self.lock:
                super().set()

    stop = Watched()
    with stop_on_signals(stop):
        with stop.lock:  # a handler that set the event itself would wait here, for ever
            for number in SIGNALS * 2:
                signal.raise_signal(number)
        assert stop.wait(10)


def test_handlers_are_restored_after_an_error():
    before = [signal.getsignal(number) for number in SIGNALS], threading.active_count()
    with pytest.raises(RuntimeError), stop_on_signals(threading.Event()):
        raise RuntimeError
    assert ([signal.getsignal(number) for number in SIGNALS], threading.active_count()) == before


@pytest.fixture
def handlers():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:  # a job in the background of a shell ignores SIGINT
        signal.signal(number, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize(
    ("number", "said", "status"),
    [(signal.SIGTERM, "terminated", 143), (signal.SIGINT, "interrupted", 130)],
)
def test_signal_before_job_raises_and_stops_it(number, said, status):
    """An import may swallow the exception."""
    raise_on_signals()
    with pytest.raises(Stopped, match=said) as raised:
        signal.raise_signal(number)
    assert raised.value.status == status
    for expected in (True, False):  # only the next job
        stop = threading.Event()
        with stop_on_signals(stop):
            assert stop.is_set() is expected
            assert (last_signal() == number) is expected


@pytest.mark.usefixtures("handlers")
def test_ignored_signal_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise_on_signals()
    signal.raise_signal(signal.SIGINT)
    with suppress(Stopped):
        signal.raise_signal(signal.SIGTERM)
    with stop_on_signals(threading.Event()):  # forgets the signal
        pass
