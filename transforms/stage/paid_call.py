"""PaidCalls: the interface through which engines call services that cost money.

The paid call is the unit of retry, rate limit, cost record and resumption.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from transforms.model import Usage


@dataclass(frozen=True)
class PaidCall:
    """One call to a paid service, before it is sent.

    Attributes:
        purpose: What it is for, such as ``"script"``, ``"repair"`` or ``"speech"``.
        inputs: Everything that shapes the answer, as JSON values. The hash of purpose, inputs and
            reason names the stored answer.
        expected: Usage to expect, for the budgets; counted until the call has ended, and for good
            if its worker is killed first or the service gives no answer in time (`StageTimeout`).
        reason: Why it repeats an earlier call, such as ``"silent audio"``; empty for a first call.
            A third call for the same inputs needs another reason than the second, or it gets the
            stored answer of that one.
        until: Part of the stage's deadline after which it is not sent again.
        model: The model that is called, whose quota is its own; empty if the engine has one only.
    """

    purpose: str
    inputs: Mapping[str, Any]
    expected: tuple[Usage, ...] = ()
    reason: str = ""
    until: float = 1.0
    model: str = ""


@dataclass(frozen=True)
class Answer:
    """The answer of a paid service, billed whether or not it can be used.

    Attributes:
        data: Its bytes, kept until the request is completed or fails for good.
        usage: Resources that are billed.
        model: The model that answered; empty if the service names none.
        details: JSON values that the engine wants back with a stored answer.
    """

    data: bytes
    usage: tuple[Usage, ...] = ()
    model: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class PaidCalls(Protocol):
    """Interface that sends the paid calls of one stage of one lesson."""

    @property
    def left(self) -> float:
        """Seconds until the stage's deadline."""
        ...

    @property
    def timeout(self) -> float:
        """Seconds of the stage's whole deadline, from its start."""
        ...

    def run(self, call: PaidCall, send: Callable[[float], Answer]) -> Answer:
        """Return the stored answer of an equal call of the request; without one, send the call.

        A call is recorded before it is sent, waits for the limits of its engine, and is sent again
        after a transient error until the stage's deadline.

        Args:
            call: The call.
            send: Sends it once, within the given seconds. Returns every answer that is billed, also
                one that cannot be used. Raises `TransientError` where another try may help.

        Raises:
            ClaimLost: Another worker holds the request.
            Cancelled: The request was cancelled.
            TransientError: No try succeeded before the deadline.
            ContentError: As raised by `send`.
        """
        ...
