"""CachedCalls: paid calls of an evaluation, whose answers are kept in a folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from transforms.artifacts import ArtifactStore
from transforms.artifacts.parts import Parts
from transforms.model import Usage
from transforms.process.fingerprints import fingerprint
from transforms.process.retry import Deadline, RetryPolicy, retry_until_deadline
from transforms.stage.paid_call import Answer, PaidCall
from transforms.stage.stored_answer import decode_answer, encode_answer

_SECONDS = "evaluation-seconds"
"""Key of the details of a stored answer that holds the time it took."""


class CachedCalls:
    """Sends each call once, ever, and repeats it after transient errors (the `PaidCalls` port).

    Answers are kept by the digest of everything that shapes them: a changed prompt asks again, and
    changed code reads the same answers again.

    Args:
        parts: Stored answers.
        request_id: The request that the answers belong to.
        timeout: Seconds from now until the work must be done.
    """

    def __init__(self, parts: Parts, request_id: str, timeout: float) -> None:
        self.timeout = timeout
        self._parts = parts
        self._request_id = request_id
        self._deadline = Deadline(timeout)
        self.usage: tuple[Usage, ...] = ()
        """Resources billed for the answers, now or when they were first given."""
        self.saved_seconds = 0.0
        """Seconds that the stored answers took when they were first given."""

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self._deadline.left

    def run(self, call: PaidCall, send: Callable[[float], Answer]) -> Answer:
        """Return the stored answer of an equal call, or send it until it is answered."""
        about = {"purpose": call.purpose, "inputs": call.inputs, "reason": call.reason}
        name = fingerprint(about)
        stored = self._parts.read(self._request_id, name)
        if stored is not None:
            answer = decode_answer(stored)
            self.saved_seconds += answer.details.get(_SECONDS, 0.0)
        else:
            started = time.monotonic()
            policy = RetryPolicy(self.timeout)
            answer = retry_until_deadline(send, policy, [], deadline=self._deadline)
            took = {_SECONDS: round(time.monotonic() - started, 3)}
            kept = replace(answer, details={**answer.details, **took})
            self._parts.put(self._request_id, name, encode_answer(kept))
        self.usage += answer.usage
        return answer


def open_cache(folder: Path) -> Parts:
    """Return the stored answers in a folder, which is created when first needed."""
    return Parts(ArtifactStore(str(folder.absolute())))
