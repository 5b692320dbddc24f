"""Validation of messages: accepted values, limits, and the field named in each refusal."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.dead_letters import make_dead_letter
from transforms.errors import InvalidRequest
from transforms.model import Message, Received, decode, encode
from transforms.parse import _Parse, parse, peek
from transforms.strict_json import MAX_BYTES, MAX_DEPTH, MAX_NUMBER, load_object

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


def test_minimal_request_gets_defaults():
    request = parse(raw())
    assert request.requested_modalities == ("video",)
    assert request.interest == "general"
    assert request.language == "en-US"
    assert ID in request.correlation_id
    assert request.preferred_modality is None
    assert request.share is True
    assert request.metadata == {}


def test_full_request_keeps_its_values():
    request = parse(
        raw(
            request_id=ID.upper(),
            student_query="\ufeff  Why?\nReally  ",
            interest="\u3000basketball\n",
            correlation_id="c-1",
            requested_modalities=["audio", "text", "audio"],
            share=False,
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
    assert (request.interest, request.environment) == ("basketball", "staging")
    assert request.share is False


BAD = [
    ("share", raw(share="false")),
    ("share", raw(share=0)),
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
    ("student_query", raw(student_query="\ufeff\u3000")),
    ("student_query", raw(student_query="x" * 2001)),
    ("student_query", raw(student_query=["x"])),
    ("student_query", raw(student_query="a\x00b")),
    ("student_query", raw(student_query="a\x1bb")),
    ("student_query", b'{"student_query": "\\ud800"}'),
    ("student_query", b'{"student_query": "\\udfff"}'),
    ("student_query", raw(student_query="a\x7fb")),
    ("student_query", raw(student_query="a\x80b")),
    ("student_query", raw(student_query="a\x9fb")),
    ("student_query", raw(student_query="a\x1fb")),
    ("student_query", raw(student_query="a\vb")),
    ("a field's name in message", b'{"\\ud800": 1}'),
    ("a field's name in message", b'{"a\\u0000b": 1}'),
    ("a field's name in a.b[1]", b'{"a": {"b": [0, {"\\u0007": 1}]}}'),
    ("\\ufe00", b'{"\\ufe00": "\\f"}'),
    ("a.\\ufeffb", b'{"a": {"\\ufeffb": "\\u0000"}}'),
    ("x" * 99 + "…", raw(**{"x" * 101: "\x00"})),
    ("x" * 100, raw(**{"x" * 100: "\x00"})),
    ("\\ud800", b'{"\\ud800": 1, "\\ud800": 2}'),
    ('""', b'{"": "\\f"}'),
    ('""', b'{"": 1, "": 2}'),
    ('a."".b', b'{"a": {"": {"b": "\\f"}}}'),
    ("message.a", b'{"message": {"a": "\\f"}}'),
    ("grade_level", raw(grade_level=0)),
    ("grade_level", raw(grade_level=17)),
    ("grade_level", raw(grade_level="9")),
    ("grade_level", raw(grade_level=9.5)),
    ("grade_level", raw(grade_level=True)),
    ("interest", raw(interest="x" * 101)),
    ("correlation_id", raw(correlation_id="x" * 65)),
    ("correlation_id", raw(correlation_id="asked by Ann")),
    ("correlation_id", raw(correlation_id="ann@example.org")),
    ("correlation_id", raw(correlation_id="é")),
    ("correlation_id", raw(correlation_id="c\u200b1")),
    ("correlation_id", raw(correlation_id="c\n1")),
    ("student_id", raw(student_id="\u200b \U000e0041")),
    ("student_query", raw(student_query="\u202e\u2066\u200d")),
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
    ("message", b'{"a": -Infinity}'),
    ("message", b'{"a": -1e999}'),
    ("message", b"7"),
    ("message", b"true"),
    ("message", b'"text"'),
    ("a", b'{"a": 1, "a": 2}'),
    ("b", b'{"a": 1, "b": 1, "b": 1, "c": 1, "c": 1}'),
    ("b", b'{"a": {"b": 1, "b": 2}}'),
]


@pytest.mark.parametrize(("field", "data"), BAD)
def test_bad_input_names_the_field_and_the_reason(field, data):
    with pytest.raises(InvalidRequest) as refused:
        parse(data)
    assert refused.value.field == field
    assert refused.value.reason
    assert peek(data) is None


def nested(levels: int, wrap=lambda inner: [inner]) -> object:
    """Wrap a number in so many levels of lists, or of what `wrap` returns."""
    value: object = 1
    for _ in range(levels):
        value = wrap(value)
    return value


def named(inner: object) -> object:
    return {"a": inner}


def sized(size: int) -> bytes:
    """Return a valid message of exactly `size` bytes."""
    return raw(extra="x" * (size - len(raw(extra=""))))


TAG = "en-" + "abcdefgh-" * 3
LIMITS = {
    "bytes": (sized(MAX_BYTES), sized(MAX_BYTES + 1)),
    "bytes, not characters": (sized(MAX_BYTES), sized(MAX_BYTES).replace(b"x", "é".encode(), 1)),
    "depth": (raw(extra=nested(MAX_DEPTH - 1)), raw(extra=nested(MAX_DEPTH))),
    "depth of objects": (
        raw(extra=nested(MAX_DEPTH - 1, named)),
        raw(extra=nested(MAX_DEPTH, named)),
    ),
    "student_id": (raw(student_id="x" * 100), raw(student_id="x" * 101)),
    "student_id, shortest": (raw(student_id="x"), raw(student_id=" ")),
    "student_id, as sent": (raw(student_id=f" {'x' * 98}\n"), raw(student_id=f" {'x' * 99}\n")),
    "student_query": (raw(student_query="😀" * 2000), raw(student_query="😀" * 2001)),
    "student_query, shortest": (raw(student_query="?"), raw(student_query="")),
    "interest": (raw(interest="x" * 100), raw(interest="x" * 101)),
    "interest, as sent": (raw(interest=" " * 100), raw(interest=" " * 101)),
    "correlation_id": (raw(correlation_id="x" * 64), raw(correlation_id="x" * 65)),
    "environment": (raw(environment="x" * 100), raw(environment="x" * 101)),
    "language": (raw(language=TAG + "abcde"), raw(language=TAG + "abcdef")),
    "language, shortest": (raw(language="en"), raw(language="e")),
    "language, first part": (raw(language="abcdefgh"), raw(language="abcdefghi")),
    "language, later part": (raw(language="en-abcdefgh"), raw(language="en-abcdefghi")),
    "language, no part": (raw(language="en-1"), raw(language="en-")),
    "language, digits": (raw(language="es-419"), raw(language="419-es")),
    "language, ends": (raw(language="en"), raw(language="en\n")),
    "grade_level, lowest": (raw(grade_level=1), raw(grade_level=0)),
    "grade_level, highest": (raw(grade_level=16), raw(grade_level=17)),
    "grade_level, whole": (raw(grade_level=16.0), raw(grade_level=16.5)),
    "digits": (raw(extra=-int(MAX_NUMBER)), raw(extra=-int(MAX_NUMBER) - 1)),
    "digits, many": (raw(extra=10**308), raw(extra=10**309)),
    "float": (raw(extra=MAX_NUMBER), raw().replace(b"9}", b'9, "extra": 1.8e308}')),
    "request_id": (raw(request_id=ID), raw(request_id=ID + "0")),
    "request_id, alphabet": (raw(request_id="F" + ID[1:]), raw(request_id="g" + ID[1:])),
    "preferred_modality": (
        raw(requested_modalities=["text", "audio"], preferred_modality="audio"),
        raw(requested_modalities=["text", "audio"], preferred_modality="video"),
    ),
}


@pytest.mark.parametrize("what", LIMITS)
def test_limit_is_accepted_and_next_value_refused(what):
    last, beyond = LIMITS[what]
    assert parse(last) == peek(last)
    with pytest.raises(InvalidRequest) as refused:
        parse(beyond)
    field = what.partition(",")[0]
    wanted = {"float": "message", "bytes": "message", "digits": "message"}.get(field, field)
    found = refused.value.field
    assert found == wanted or (field.startswith("depth") and found.startswith("extra"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (sized(MAX_BYTES + 1), "message: has 65,537 bytes; at most 65,536 are accepted"),
        (b"\xc3(", "message: is not UTF-8: byte 0 is invalid"),
        (b'{"a":\n x}', "message: is not JSON: Expecting value at line 2 column 2"),
        (b"[]", "message: is a JSON array; it must be an object"),
        (b"null", "message: is a JSON null; it must be an object"),
        (b'{"a": NaN}', "message: holds NaN, which is not a JSON number"),
        (b'{"a": ' + b"9" * 401 + b"}", "message: holds a number too large for a 64-bit "
         "float"),
        (raw(extra=nested(32)), "extra" + "[0]" * 31 + "[…: is nested more than 32 levels deep"),
        (raw(student_id=True), "student_id: is a JSON boolean; it must be a string"),
        (raw(student_query="a\x00"), "student_query: holds the control character U+0000 at "
         "position 1; remove it"),
        (b'{"x": "ab\\ud800"}', "x: holds a lone surrogate at position 2; remove it"),
        (raw(grade_level=None), "grade_level: is required"),
        (raw(grade_level="9"), "grade_level: is a JSON string; it must be a whole number"),
        (raw(grade_level=17), "grade_level: is 17; it must be from 1 to 16"),
        (raw(student_query="x" * 2001), "student_query: has 2,001 characters; at most 2,000 are "
         "accepted"),
        (raw(student_id=""), "student_id: is blank"),
    ],
)  # fmt: skip
def test_refusal_states_field_and_rule(data, message):
    with pytest.raises(InvalidRequest) as refused:
        parse(data)
    assert str(refused.value) == message


def test_text_keeps_tabs_and_line_breaks():
    assert parse(raw(student_query="a\tb\r\nc")).student_query == "a\tb\r\nc"


@pytest.mark.parametrize("name", ["student_id", "student_query", "interest", "environment"])
def test_hidden_characters_of_text_are_removed(name):
    hidden = "".join(map(chr, (0x200B, 0x202E, 0xE0041, 0xAD, 0x2060, 0xFEFF, 0xFE0F)))
    request = parse(raw(**{name: f"{hidden}ab{hidden}c 👩🏽\u200d🚀 می\u200cخواهم{hidden}"}))
    assert getattr(request, name) == "abc 👩🏽\u200d🚀 می\u200cخواهم"


def test_correlation_id_takes_usual_forms():
    for text in (ID, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "aGk+/w==", "a:b"):
        assert parse(raw(correlation_id=f" {text}\n")).correlation_id == text


@pytest.mark.parametrize("missing", [None, "", ...])
def test_empty_optional_fields_get_the_defaults(missing):
    names = ("interest", "correlation_id", "language")
    request = parse(raw(**dict.fromkeys(names, missing), requested_modalities=None))
    assert (request.interest, request.language) == ("general", "en-US")
    assert request.correlation_id == f"request-{ID}"
    assert request.requested_modalities == ("video",)


@pytest.mark.parametrize(
    ("asked", "deepest"), [(["text"], "text"), (["audio", "text"], "audio"), (None, "video")]
)
def test_peek_returns_deepest_modality(asked, deepest):
    request = peek(raw(requested_modalities=asked))
    assert request
    assert request.modality == deepest


def received(data: bytes) -> Message:
    return Message(data, {}, "1", datetime.now(UTC))


def test_reserved_attributes_are_removed_at_intake():
    forged = {"vividly-replay-of": "1", "vividly-error": "x", "vividly-": ""}
    kept = {"topic": "physics", "vividly-replay": "token", "vividly": "v", "Vividly-x": "y"}
    for data in (raw(), b"not JSON"):
        [found] = _Parse().process(Message(data, {**forged, **kept}, "1", datetime.now(UTC)))
        whole = found if isinstance(found, Received) else found.value
        assert whole.message.attributes == kept


def test_peeked_message_is_decoded_once(monkeypatch):
    decoded = []

    def load(data):
        decoded.append(data)
        return load_object(data)

    monkeypatch.setattr("transforms.parse.load_object", load)
    data = raw(student_id="peeked once")
    peek(data)
    [first] = _Parse().process(received(data))
    assert decoded == [data]
    [again] = _Parse().process(received(data))  # a redelivery
    assert decoded == [data, data]
    assert first.request == again.request == parse(data)


def test_whole_float_is_accepted_as_grade():
    assert parse(raw(grade_level=9.0)).grade_level == 9


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.binary() | json_values.map(lambda v: json.dumps(v).encode()))
@example(b'{"request_id": ["\\u0000"]}')
@example(b'{"": "\\f"}')
@example(b'{"": 1, "": 2}')
def test_any_bytes_become_request_or_dead_letter(data):
    message = received(data)
    try:
        parse(data)
    except InvalidRequest as error:
        dead = make_dead_letter(message, "parse", error)
        assert decode(type(dead), encode(dead)) == dead
        assert dead.field
        assert dead.message.data == data


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys([*GOOD, "interest", "language", "metadata", "x"], json_values),
    )
)
def test_accepted_request_survives_its_coder(changes):
    data = json.dumps({**GOOD, **changes}).encode()
    try:
        request = parse(data)
    except InvalidRequest:
        return
    element = Received(received(data), request)
    assert decode(Received, encode(element)) == element
    assert b"\\u0000" not in encode(element)
