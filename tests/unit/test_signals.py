"""What tells a job to stop."""

from __future__ import annotations

import signal
import threading

import pytest

from pipeline.signals import heeded


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_sets_the_event_while_the_block_runs(number):
    stop = threading.Event()
    before = signal.getsignal(number)
    with heeded(stop):
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.is_set()
    assert signal.getsignal(number) is before


def test_handlers_are_put_back_after_an_error():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(RuntimeError), heeded(threading.Event()):
        raise RuntimeError
    assert signal.getsignal(signal.SIGTERM) is before
