"""What a message may hold, and how a bad one is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.dead_letters import letter
from transforms.errors import InvalidRequest
from transforms.model import Message, Received, decode, encode
from transforms.parse import MAX_BYTES, parse, peek

ID = "123e4567-e89b-12d3-a456-426614174000"
GOOD = {
    "request_id": ID,
    "student_id": "s-1",
    "student_query": "Explain photosynthesis",
    "grade_level": 9,
}


def raw(**changes) -> bytes:
    fields = {**GOOD, **changes}
    return json.dumps({k: v for k, v in fields.items() if v is not ...}).encode()


def test_the_least_request_gets_the_defaults():
    request = parse(raw())
    assert request.requested_modalities == ("video",)
    assert request.interest == "general"
    assert request.language == "en-US"
    assert ID in request.correlation_id
    assert request.preferred_modality is None
    assert request.metadata == {}


def test_a_full_request_is_read_as_it_is():
    request = parse(
        raw(
            request_id=ID.upper(),
            student_query="  Why?\nReally  ",
            interest="basketball",
            correlation_id="c-1",
            requested_modalities=["audio", "text", "audio"],
            preferred_modality="audio",
            language="pt-BR",
            environment="staging",
            experiment={"arm": "b"},
        )
    )
    assert request.request_id == ID
    assert request.student_query == "Why?\nReally"
    assert request.requested_modalities == ("text", "audio")
    assert request.modality == "audio"
    assert request.metadata == {"experiment": {"arm": "b"}}
    assert (request.correlation_id, request.language) == ("c-1", "pt-BR")
    assert request.environment == "staging"


BAD = [
    ("request_id", raw(request_id=...)),
    ("request_id", raw(request_id=None)),
    ("request_id", raw(request_id="abc")),
    ("request_id", raw(request_id=7)),
    ("request_id", raw(request_id=ID.replace("-", ""))),
    ("request_id", raw(request_id="{" + ID + "}")),
    ("request_id", raw(request_id=ID.replace("1", "\uff11"))),
    ("request_id", raw(request_id=ID + "\n")),
    ("student_id", raw(student_id="")),
    ("student_id", raw(student_id="x" * 101)),
    ("student_query", raw(student_query="  \n ")),
    ("student_query", raw(student_query="x" * 2001)),
    ("student_query", raw(student_query=["x"])),
    ("student_query", raw(student_query="a\x00b")),
    ("student_query", raw(student_query="a\x1bb")),
    ("student_query", b'{"student_query": "\\ud800"}'),
    ("grade_level", raw(grade_level=0)),
    ("grade_level", raw(grade_level=17)),
    ("grade_level", raw(grade_level="9")),
    ("grade_level", raw(grade_level=9.5)),
    ("grade_level", raw(grade_level=True)),
    ("interest", raw(interest="x" * 101)),
    ("correlation_id", raw(correlation_id="x" * 65)),
    ("requested_modalities", raw(requested_modalities=[])),
    ("requested_modalities", raw(requested_modalities="text")),
    ("requested_modalities", raw(requested_modalities=["text", "hologram"])),
    ("requested_modalities", raw(requested_modalities=[{}])),
    ("preferred_modality", raw(preferred_modality="text")),
    ("language", raw(language="English please")),
    ("environment", raw(environment=1)),
    ("extra.deep[0]", raw(extra={"deep": ["\x00"]})),
    ("message", b"x" * (MAX_BYTES + 1)),
    ("message", b"\xff\xfe"),
    ("message", b""),
    ("message", b"hello"),
    ("message", b"[]"),
    ("message", b"null"),
    ("message", b'{"a": NaN}'),
    ("message", b'{"a": 1e999}'),
    ("message", b'{"a": ' + b"9" * 5000 + b"}"),
    ("message", b"[" * 60000),
    ("a", b'{"a": 1, "a": 2}'),
    ("b", b'{"a": {"b": 1, "b": 2}}'),
]


@pytest.mark.parametrize(("field", "data"), BAD)
def test_bad_input_names_the_field_and_the_reason(field, data):
    with pytest.raises(InvalidRequest) as refused:
        parse(data)
    assert refused.value.field == field
    assert refused.value.reason
    assert peek(data) is None


def test_nesting_is_bounded():
    value: object = 1
    for _ in range(40):
        value = [value]
    with pytest.raises(InvalidRequest, match="nested"):
        parse(raw(extra=value))


def test_a_whole_number_may_be_written_as_a_float():
    assert parse(raw(grade_level=9.0)).grade_level == 9


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.binary() | json_values.map(lambda v: json.dumps(v).encode()))
@example(b'{"request_id": ["\\u0000"]}')
def test_anything_at_all_is_a_request_or_a_dead_letter(data):
    message = Message(data, {"k": "v"}, "1", datetime.now(UTC))
    try:
        parse(data)
    except InvalidRequest as error:
        dead = letter(message, "parse", error)
        assert decode(type(dead), encode(dead)) == dead
        assert dead.field
        assert dead.message.data == data


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys([*GOOD, "interest", "language", "metadata", "x"], json_values),
    )
)
def test_what_is_accepted_survives_the_coder_and_the_ledger(changes):
    data = json.dumps({**GOOD, **changes}).encode()
    try:
        request = parse(data)
    except InvalidRequest:
        return
    received = Received(Message(data, {}, "1", datetime.now(UTC)), request)
    assert decode(Received, encode(received)) == received
    assert b"\\u0000" not in encode(received)
