"""Paid calls that are sent once and kept, for tests of engines without a stage."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from transforms.stage.direct_calls import DirectCalls
from transforms.stage.paid_call import Answer, PaidCall


class RecordedCalls(DirectCalls):
    """Sends every call once and keeps calls and answers.

    Attributes:
        made: The calls that were answered, with their answers.
    """

    def __init__(self, timeout: float = 60.0) -> None:
        super().__init__(timeout)
        self.made: list[tuple[PaidCall, Answer]] = []
        self._lock = Lock()

    def run(self, call: PaidCall, send: Callable[[float], Answer]) -> Answer:
        """Send the call and keep its answer."""
        answer = super().run(call, send)
        with self._lock:
            self.made.append((call, answer))
        return answer

    @property
    def reasons(self) -> list[str]:
        """Reason of each call."""
        return [call.reason for call, _ in self.made]
