"""DirectCalls: paid calls without a ledger, limits or retries."""

from __future__ import annotations

import time
from collections.abc import Callable

from transforms.model import Usage
from transforms.stage.paid_call import Answer, PaidCall


class DirectCalls:
    """Sends each call once (the `PaidCalls` port): for tests, and for engines without paid calls.

    Args:
        timeout: Seconds from now until the work must be done.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._end = time.monotonic() + timeout
        self.usage: tuple[Usage, ...] = ()
        """Resources billed so far, in the order of the calls."""

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self._end - time.monotonic()

    def run(self, call: PaidCall, send: Callable[[float], Answer]) -> Answer:
        """Send a call and return its answer."""
        answer = send(self.left)
        self.usage += answer.usage
        return answer
