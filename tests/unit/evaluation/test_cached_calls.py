"""Answers of paid calls are kept, so that the next run does not pay for them again."""

from __future__ import annotations

from uuid import uuid4

import pytest

from pipeline.evaluation.cached_calls import CachedCalls, open_cache
from transforms.errors import PermanentError, TransientError
from transforms.model import Usage
from transforms.stage.paid_call import Answer, PaidCall

CALL = PaidCall("script", {"model": "m", "prompt": "p"})
REQUEST = str(uuid4())


def answering(data: bytes = b"{}", fail: Exception | None = None):
    """Return a `send` that fails once with `fail`, and the list of the times it is called."""
    sent: list[float] = []

    def send(seconds: float) -> Answer:
        sent.append(seconds)
        if fail and len(sent) == 1:
            raise fail
        return Answer(data, (Usage("m/input-tokens", 3.0),), "m-001", {"kept": 1})

    return send, sent


def calls(folder) -> CachedCalls:
    return CachedCalls(open_cache(folder), REQUEST, 60.0)


def test_equal_call_is_sent_once(tmp_path):
    send, sent = answering()
    first, second = calls(tmp_path), calls(tmp_path)
    one, two = first.run(CALL, send), second.run(CALL, send)
    assert len(sent) == 1
    assert (one.data, one.model, one.usage) == (two.data, two.model, two.usage)
    assert first.usage == second.usage == one.usage
    assert two.details["kept"] == 1
    assert first.saved_seconds == 0.0 <= second.saved_seconds


@pytest.mark.parametrize(
    "other",
    [
        PaidCall("repair", CALL.inputs),
        PaidCall("script", {"model": "m", "prompt": "q"}),
        PaidCall("script", CALL.inputs, reason="silent"),
    ],
)
def test_other_call_is_sent(tmp_path, other):
    send, sent = answering()
    calls(tmp_path).run(CALL, send)
    calls(tmp_path).run(other, send)
    assert len(sent) == 2


def test_transient_error_is_repeated(tmp_path):
    error = TransientError("later", retry_after=0.01)
    send, sent = answering(fail=error)
    assert calls(tmp_path).run(CALL, send).data == b"{}"
    assert len(sent) == 2


def test_failure_is_not_stored(tmp_path):
    send, sent = answering(fail=PermanentError("no"))
    with pytest.raises(PermanentError):
        calls(tmp_path).run(CALL, send)
    assert calls(tmp_path).run(CALL, send).data == b"{}"
    assert len(sent) == 2
