"""`needless_calls` reports repeated engine calls without a fault as the reason."""

from __future__ import annotations

import pytest

from tests.faults.verdict import engine_calls, needless_calls

KILLED, ALIVE = 1, 2


def called(worker, message="m"):
    return {"worker": worker, "engine": "script", "request_id": "r", "message_id": message}


def recorded(worker):
    return {"worker": worker, "recorded": "script", "request_id": "r"}


@pytest.mark.parametrize(
    ("events", "needless"),
    [
        ([called(ALIVE), recorded(ALIVE)], 0),
        ([called(KILLED), called(ALIVE), recorded(ALIVE)], 0),
        ([called(KILLED), called(KILLED), called(ALIVE), recorded(ALIVE)], 0),
        ([called(KILLED), recorded(KILLED), called(ALIVE, "rival"), recorded(ALIVE)], 0),
        ([called(KILLED), recorded(KILLED), called(ALIVE), recorded(ALIVE)], 1),
        ([called(ALIVE), called(KILLED)], 1),
        ([called(ALIVE), recorded(ALIVE), called(ALIVE), recorded(ALIVE)], 2),
        ([called(ALIVE), recorded(ALIVE), {**called(KILLED), "engine": "video"}], 0),
    ],
)
def test_only_needless_repeated_calls_are_reported(events, needless):
    events = [{"worker": KILLED, "ack_ids": []}, *events, {"worker": KILLED, "killed": "here"}]
    assert len(list(needless_calls(engine_calls(events), {KILLED}))) == needless
