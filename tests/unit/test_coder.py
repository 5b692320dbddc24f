"""The one coder: what goes in comes out, and another version is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import apache_beam as beam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.coder import VERSION, ModelCoder
from transforms.model import (
    Artifact,
    Attempt,
    Claim,
    ContentRequest,
    DeadLetter,
    Lesson,
    Message,
    Outcome,
    Received,
    StageRecord,
    Usage,
)

MESSAGE = Message(b"\x00\xff{}", {"k": "v"}, "m-1", datetime(2026, 1, 2, 3, 4, 5, 6, UTC), 2)
REQUEST = ContentRequest("id", "s", "q", 9, "c", metadata={"a": [1, None, {"b": 1.5}]})
RECORD = StageRecord(
    "script", "offline", "f" * 64, 1.25, 1e-6, (Usage("cpu-seconds", 0.5),),
    (Artifact("script.json", "gs://b/id/script.json", 10, "0" * 64, "application/json"),),
)  # fmt: skip
LESSON = Lesson(MESSAGE, REQUEST, Claim("t", 1), (RECORD,))
VALUES = [
    MESSAGE,
    Received(MESSAGE, REQUEST),
    LESSON,
    DeadLetter(
        MESSAGE, "video", "KeyError", "x", datetime(2026, 1, 1, tzinfo=UTC), request=REQUEST,
        claim=Claim("t", 1), attempts=(Attempt(datetime(2026, 1, 1, tzinfo=UTC), "T", "m"),),
    ),
    Outcome("m-1", "completed", records=(RECORD,), cost_usd=0.1),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_round_trip(value):
    coder = beam.coders.registry.get_coder(type(value))
    assert isinstance(coder, ModelCoder)
    encoded = coder.encode(value)
    assert encoded[0] == VERSION
    assert coder.decode(encoded) == value


@given(st.binary(), st.dictionaries(st.text(), st.text()))
def test_every_byte_of_a_message_survives(data, attributes):
    message = Message(data, attributes, "1", datetime.now(UTC))
    coder = ModelCoder(Message)
    assert coder.decode(coder.encode(message)) == message


@pytest.mark.parametrize("encoded", [b"", bytes((VERSION + 1,)) + b"{}"])
def test_another_version_is_refused_with_the_remedy(encoded):
    with pytest.raises(ValueError, match="drain"):
        ModelCoder(Message).decode(encoded)
