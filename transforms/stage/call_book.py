"""CallBook records paid calls in the ledger, those of several threads in one statement.

The end of a call that could not be written, because the ledger was down, is written with the next
statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from transforms.errors import EnvironmentFault
from transforms.ledger import Ledger
from transforms.ledger.calls import BegunCall, CallAnswer, EndedCall
from transforms.process.batcher import Batcher
from transforms.process.singletons import process_singleton

MOST = 200
"""Threads whose calls go into one statement."""

MOST_UNWRITTEN = 10_000
"""Ends of calls that are kept while the ledger is down; the oldest stay open in the ledger."""


class _Entry(NamedTuple):
    begun: BegunCall | None
    ended: Sequence[EndedCall]


class CallBook:
    """Records the begin and the end of paid calls in the ledger.

    Args:
        ledger: Ledger to write to.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._write = Batcher(self._write_all, MOST)
        self._unwritten: list[EndedCall] = []  # used by one thread at a time

    def begin(self, call: BegunCall, ended: Sequence[EndedCall] = ()) -> CallAnswer:
        """Insert the row of a call that is about to be sent; record the end of earlier ones.

        Raises:
            DependencyDown: The ledger cannot be reached; the call must not be sent.
        """
        answer = self._write(_Entry(call, ended))
        assert answer
        return answer

    def end(self, ended: Sequence[EndedCall]) -> None:
        """Record the end of calls, or keep them for the next statement during an outage."""
        try:
            self._write(_Entry(None, ended))
        except EnvironmentFault:
            return  # kept by `_write_all`

    def _write_all(self, entries: Sequence[_Entry]) -> list[CallAnswer | None]:
        begun = [entry.begun for entry in entries if entry.begun]
        ended = [*self._unwritten, *chain.from_iterable(entry.ended for entry in entries)]
        self._unwritten = ended[-MOST_UNWRITTEN:]
        answers = self._ledger.record_calls(begun, ended)
        self._unwritten = []
        return [answers[entry.begun.id] if entry.begun else None for entry in entries]


def call_book(ledger: Ledger) -> CallBook:
    """Return this process's `CallBook` for a ledger."""
    return process_singleton(CallBook, ledger)
