"""StageCalls: the deadline of one stage of one lesson, and its paid calls.

Each call is admitted by the limits of its engine and retried by itself until the stage's deadline,
so that a refused call does not repeat those before it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from transforms.errors import ContentError
from transforms.model import Attempt, Lesson, Usage
from transforms.process.retry import Deadline, RetryPolicy, retry_until_deadline
from transforms.stage.paid_call import Answer, PaidCall

if TYPE_CHECKING:
    from transforms.stage.task import StageRuntime


def _ignore(error: ContentError, delay: float | None) -> None:
    """Do nothing about a failed try."""


@dataclass
class StageCalls:
    """The paid calls of a stage (the `PaidCalls` port); any number of threads may share it.

    A pickled instance keeps the time that is left, and neither the failed tries nor the usage.

    Attributes:
        lesson: The lesson as it entered the stage.
        stage: The stage's name.
        engine: The engine's name.
        runtime: Limits and services of the stage.
        policy: Deadline of the stage, and waits between tries. The number of tries is not limited.
        failures: Receives every failed try.
        failed: Called for each failed try with the seconds until the next, or None after the last.
        deadline: The stage's deadline; waiting for admission does not use it up.
    """

    lesson: Lesson
    stage: str
    engine: str
    runtime: StageRuntime
    policy: RetryPolicy
    failures: list[Attempt] = field(default_factory=list)
    failed: Callable[[ContentError, float | None], object] = _ignore

    def __post_init__(self) -> None:
        self.deadline = Deadline(self.policy.timeout, self.policy.patience)
        self._lock = threading.Lock()
        self._usage: list[Usage] = []

    def __reduce__(self) -> tuple[type[StageCalls], tuple[object, ...]]:
        left = max(0.0, self.left)
        policy = replace(self.policy, timeout=left, patience=min(left, self.deadline.patience))
        return type(self), (self.lesson, self.stage, self.engine, self.runtime, policy)

    @property
    def left(self) -> float:
        """Seconds until the stage's deadline."""
        return self.deadline.left

    @property
    def timeout(self) -> float:
        """Seconds of the stage's whole deadline."""
        return self.policy.timeout

    @property
    def seconds(self) -> float:
        """Seconds worked so far, without those of waiting for admission."""
        return self.timeout - self.left

    @property
    def usage(self) -> tuple[Usage, ...]:
        """Usage of the answers so far."""
        with self._lock:
            return tuple(self._usage)

    def add_usage(self, usage: tuple[Usage, ...]) -> None:
        """Add usage of answers."""
        with self._lock:
            self._usage += usage

    def run(self, call: PaidCall, send: Callable[[float], Answer]) -> Answer:
        """Send a call until it is answered or the stage's deadline has passed.

        Args:
            call: The call.
            send: As for `PaidCalls.run`.

        Raises:
            Exception: As `PaidCalls.run`.
        """
        answer = retry_until_deadline(
            send,
            replace(self.policy, tries=sys.maxsize),
            self.failures,
            self.runtime.admitted,
            self.failed,
            self.deadline.before_end((1.0 - call.until) * self.timeout),
        )
        self.add_usage(answer.usage)
        return answer
