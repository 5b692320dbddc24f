"""Content of dead letters, by error and by the element that failed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.integration.ledger_support import message, record, request
from transforms.dead_letters import make_dead_letter
from transforms.errors import Cancelled, InvalidRequest, PermanentError, StageTimeout
from transforms.model import Attempt, Claim, DeadLetter, Lesson, Received, decode, encode

MESSAGE = message("m-1", b"\xff", kept="yes")
RECEIVED = Received(MESSAGE, request())
LESSON = Lesson(MESSAGE, RECEIVED.request, Claim("token", 2, 60.0))
FAR = LESSON.with_record(record(LESSON))


class Silent(Exception):
    """An error without a text."""


@pytest.mark.parametrize(
    ("error", "text", "retryable", "bug"),
    [
        (PermanentError("refused"), "refused", False, False),
        (StageTimeout("too slow"), "too slow", True, False),
        (Cancelled("video"), "cancelled on request before video; a replay reopens it", True, False),
        (InvalidRequest("student_id", "is blank"), "is blank", False, False),
        (KeyError("x"), "'x'", False, True),
        (Silent(), "Silent()", False, True),
        (ValueError("file \udc80\ud800"), r"file \udc80\ud800", False, True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_dead_letter_describes_the_error(error, text, retryable, bug):
    dead = make_dead_letter(MESSAGE, "script", error)
    assert (dead.error_type, dead.error) == (type(error).__name__, text)
    assert dead.retryable is retryable
    assert dead.field == getattr(error, "field", None)
    assert (dead.traceback is not None) is bug
    if dead.traceback:
        assert dead.traceback.rstrip().endswith(text if str(error) else "Silent")
    assert decode(DeadLetter, encode(dead)) == dead


def test_traceback_names_the_line_at_fault():
    try:
        raise RuntimeError("lost")
    except RuntimeError as error:
        dead = make_dead_letter(MESSAGE, "script", error)
    assert dead.traceback is not None
    assert 'raise RuntimeError("lost")' in dead.traceback


@pytest.mark.parametrize(
    ("source", "asked", "claim", "records"),
    [
        (MESSAGE, None, None, ()),
        (RECEIVED, RECEIVED.request, None, ()),
        (FAR, RECEIVED.request, LESSON.claim, FAR.records),
    ],
    ids=["message", "request", "lesson"],
)
def test_dead_letter_holds_the_element(source, asked, claim, records):
    before = datetime.now(UTC)
    dead = make_dead_letter(source, "script", PermanentError("no"))
    assert before <= dead.occurred_at <= datetime.now(UTC)
    assert (dead.message, dead.stage) == (MESSAGE, "script")
    assert (dead.request, dead.claim, dead.records) == (asked, claim, records)
    assert dead.request_id == (asked.request_id if asked else None)


def test_dead_letter_holds_failed_attempts():
    tries = [
        Attempt(datetime(2026, 1, 1, tzinfo=UTC), "TransientError", text)
        for text in ("429", "bad \ud800")
    ]
    dead = make_dead_letter(LESSON, "script", StageTimeout("late"), tries)
    assert [each.message for each in dead.attempts] == ["429", r"bad \ud800"]
    assert dead.attempts[0] == tries[0]
    assert decode(DeadLetter, encode(dead)) == dead
