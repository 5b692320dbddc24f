"""Requests parsed before the graph: kept within a limit of bytes."""

from __future__ import annotations

from transforms.model import ContentRequest
from transforms.peeked import PeekedRequests


def request_of(data: bytes) -> ContentRequest:
    return ContentRequest(
        request_id="123e4567-e89b-12d3-a456-426614174000",
        student_id=data.decode(),
        student_query="Explain photosynthesis",
        grade_level=9,
        correlation_id="c-1",
    )


def test_peeked_requests_are_bounded_in_bytes():
    messages = [f"s-{number}".encode() for number in range(4)]
    size = len(messages[0])
    peeked = PeekedRequests(limit=2 * size)
    for data in (*messages[:3], messages[2]):
        peeked.put(data, request_of(data))
    assert [bool(peeked.take(data)) for data in messages] == [False, True, True, False]
    peeked.put(messages[0], request_of(messages[0]))
    peeked.put(messages[1], request_of(messages[1]))
    assert peeked.take(messages[0])
    assert not peeked.take(messages[0])
    assert peeked.take(messages[1])
