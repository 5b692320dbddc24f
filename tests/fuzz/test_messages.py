"""Any bytes are a valid request or a dead letter that names a field."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.fuzz import fuzz
from tests.fuzz.texts import texts
from tests.unit.test_parse import GOOD, raw
from transforms.dead_letters import make_dead_letter
from transforms.errors import InvalidRequest
from transforms.ledger.jsontext import json_text
from transforms.model import DeadLetter, Message, Received, decode, encode
from transforms.parse import MAX_LENGTHS, WHITE_SPACE, parse, peek
from transforms.text.hidden import visible, without_hidden

_numbers = st.integers() | st.floats() | st.sampled_from([1e308, -0.0, 10**400])
_values: Any = st.recursive(
    st.none() | st.booleans() | _numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
_fields = st.sampled_from([*GOOD, *MAX_LENGTHS, "requested_modalities", "preferred_modality"])
_changes = st.dictionaries(_fields | texts, _values | st.just(...), max_size=4)


@st.composite
def _damaged(draw):
    """Return a valid message in which some bytes are replaced, removed or added."""
    data = bytearray(raw(student_query=draw(texts.map(ascii))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data)


messages = st.binary(max_size=200) | _damaged() | _changes.map(lambda fields: raw(**fields))


@fuzz(messages, count=400)
def test_message_is_request_or_names_its_field(data):
    message = Message(data, {}, "1", datetime.now(UTC))
    try:
        request = parse(data)
    except InvalidRequest as error:
        _check_refusal(message, error)
        return
    assert peek(data) == request
    received = Received(message, request)
    assert decode(Received, encode(received)) == received
    for name in ("student_id", "student_query", "interest", "environment"):
        text = getattr(request, name) or "x"
        assert text == without_hidden(text).strip(WHITE_SPACE)
        assert len(text) <= MAX_LENGTHS[name]
        text.encode()
    assert request.correlation_id.isascii()
    assert request.correlation_id.isprintable()
    json.loads(json_text(dict(request.metadata)))


def _check_refusal(message, error):
    assert error.field
    assert error.reason
    assert visible(error.field) == error.field
    assert peek(message.data) is None
    letter = make_dead_letter(message, "parse", error)
    assert decode(DeadLetter, encode(letter)) == letter
    json_text(letter.error)
