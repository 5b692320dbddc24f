"""TurnQueue: a queue in which students take turns; Batch: what a scheduler takes from it."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from transforms.model import Message


class Batch(NamedTuple):
    """Messages taken for one run: light ones, or a heavy one and its student."""

    messages: Sequence[Message]
    light: bool
    student: str = ""


class _Waiting(NamedTuple):
    round: int
    arrival: int
    student: str
    message: Message


class TurnQueue:
    """Messages in rounds: in each round, every student who waits has one turn.

    A student who comes later has a turn in the present round, before those who have had one.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []  # a heap
        self._round = 0
        self._arrivals = 0
        self._last: dict[str, int] = {}  # round of each student's last message

    def append(self, message: Message, student: str) -> None:
        """Add a message at the student's next turn."""
        turn = max(self._round, self._last.get(student, -1) + 1)
        self._last[student] = turn
        self._arrivals += 1
        heapq.heappush(self._waiting, _Waiting(turn, self._arrivals, student, message))

    def popleft(self) -> tuple[Message, str]:
        """Remove and return the message whose turn it is, with its student."""
        found = heapq.heappop(self._waiting)
        if found.round > self._round:
            self._round = found.round
            self._last = {s: last for s, last in self._last.items() if last >= found.round}
        return found.message, found.student

    def clear(self) -> None:
        """Remove all messages."""
        self._waiting.clear()

    def __iter__(self) -> Iterator[Message]:
        return (each.message for each in sorted(self._waiting))

    def __len__(self) -> int:
        return len(self._waiting)
