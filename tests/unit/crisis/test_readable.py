"""Messages are read whether or not they are valid."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from transforms.crisis.readable import MAX_WORDS, find_care_in, find_care_in_invalid, read_message
from transforms.model import CareFinding, Message

ID = "123E4567-e89b-12d3-a456-426614174000"


def message(fields, message_id="m-1"):
    data = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return Message(data, {}, message_id, datetime.now(UTC))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"student_query": "a", "interest": "b", "environment": "c"}, ("a", "b")),
        ({"student_query": ["a", {"x": "b"}]}, ("a", "b")),
        ({"query": "a", "student_id": "s"}, ("a", "s")),
        (b'{"student_query": "a", "student_query": "b"}', ("a", "b")),
        (b'"a"', ("a",)),
        (b"a {", ("a {",)),
        (b"[" * 50_000 + b"a", ("[" * MAX_WORDS,)),
        (b"", ()),
    ],
)
def test_words_are_read_from_any_message(fields, words):
    assert read_message(message(fields)).words == words


def test_invalid_request_id_is_replaced_by_stable_one():
    assert read_message(message({"request_id": ID})).request_id == ID.lower()
    made = read_message(message({"request_id": 7})).request_id
    assert made == read_message(message(b"\xff")).request_id
    assert made != read_message(message(b"", "m-2")).request_id


@pytest.mark.parametrize(("language", "read"), [("de-AT", "de-AT"), ("x" * 90, ""), (7, "")])
def test_language_is_read_only_if_valid(language, read):
    assert read_message(message({"language": language})).language == read


def test_finding_in_invalid_message_is_urgent():
    found = find_care_in_invalid(message(b"suicide in Hamlet"))
    assert found == CareFinding("self_harm", "urgent")
    assert find_care_in_invalid(message(b"photosynthesis")) is None


def test_stated_language_overrides_detected_one():
    words = ["ich will sterben"]
    for fields, language in (({}, "de"), ({"language": "fr-FR"}, "fr")):
        found = find_care_in(message(fields), words)
        assert found == CareFinding("self_harm", "urgent", language)
