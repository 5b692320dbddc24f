"""TurnQueue: a queue in which students take turns; Batch: what a scheduler takes from it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from typing import NamedTuple

from transforms.model import Message


class Batch(NamedTuple):
    """Messages of one run: several light ones, or one heavy one with its student and its key."""

    messages: Sequence[Message]
    light: bool
    student: str = ""
    key: Hashable | None = None


class _Turn(NamedTuple):
    """A student's turn: the round, and the student's place in every round."""

    round: int
    place: int


class _Waiting(NamedTuple):
    turn: _Turn
    student: str
    message: Message
    key: Hashable | None


class TurnQueue:
    """Messages in rounds: in each round, every student who waits has one turn.

    A student who comes later has a turn in the present round, before those who have had one.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._round = 0
        self._places = 0
        self._last: dict[str, _Turn] = {}  # of each student

    def append(self, message: Message, student: str, key: Hashable | None = None) -> None:
        """Queue a message for the student's next turn.

        Args:
            message: The message.
            student: Its student.
            key: Equal for messages that share results; None if it shares none.
        """
        last = self._last.get(student)
        if last:
            turn = _Turn(max(self._round, last.round + 1), last.place)
        else:
            self._places += 1
            turn = _Turn(self._round, self._places)
        self._last[student] = turn
        self._waiting.append(_Waiting(turn, student, message, key))

    def pop(self, in_work: Collection[Hashable] = ()) -> Batch | None:
        """Remove and return the message whose turn it is; None if there is none.

        Messages whose key is in work are passed over: they can soon copy its results.
        """
        found = min(
            (each for each in self._waiting if each.key is None or each.key not in in_work),
            key=lambda each: each.turn,
            default=None,
        )
        if found is None:
            return None
        self._waiting.remove(found)
        if found.turn.round > self._round:
            self._round = found.turn.round
            self._last = {s: last for s, last in self._last.items() if last.round >= self._round}
        return Batch([found.message], light=False, student=found.student, key=found.key)

    def clear(self) -> None:
        """Remove all messages."""
        self._waiting.clear()

    def __iter__(self) -> Iterator[Message]:
        return (each.message for each in sorted(self._waiting, key=lambda each: each.turn))

    def __len__(self) -> int:
        return len(self._waiting)
