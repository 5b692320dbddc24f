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


class _Turn(NamedTuple):
    """A student's turn: the round, and the student's place in every round."""

    round: int
    place: int


class _Waiting(NamedTuple):
    turn: _Turn
    student: str
    message: Message


class TurnQueue:
    """Messages in rounds: in each round, every student who waits has one turn.

    A student who comes later has a turn in the present round, before those who have had one.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []  # a heap
        self._round = 0
        self._places = 0
        self._last: dict[str, _Turn] = {}  # of each student

    def append(self, message: Message, student: str) -> None:
        """Add a message at the student's next turn."""
        last = self._last.get(student)
        if last:
            turn = _Turn(max(self._round, last.round + 1), last.place)
        else:
            self._places += 1
            turn = _Turn(self._round, self._places)
        self._last[student] = turn
        heapq.heappush(self._waiting, _Waiting(turn, student, message))

    def popleft(self) -> tuple[Message, str]:
        """Remove and return the message whose turn it is, with its student."""
        found = heapq.heappop(self._waiting)
        if found.turn.round > self._round:
            self._round = found.turn.round
            self._last = {s: last for s, last in self._last.items() if last.round >= self._round}
        return found.message, found.student

    def clear(self) -> None:
        """Remove all messages."""
        self._waiting.clear()

    def __iter__(self) -> Iterator[Message]:
        return (each.message for each in sorted(self._waiting))

    def __len__(self) -> int:
        return len(self._waiting)
