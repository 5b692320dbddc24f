"""ParseRequests: validate the bytes of messages and turn them into content requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import apache_beam as beam

from transforms import (
    coder,  # noqa: F401  (registers the coders of the outputs)
)
from transforms.crisis.readable import find_care_in, find_care_in_invalid, read_message
from transforms.dead_letters import DEAD_LETTERS, make_dead_letter
from transforms.errors import InvalidRequest
from transforms.model import (
    MODALITIES,
    REPLAY_ATTRIBUTE,
    RESERVED,
    ContentRequest,
    DeadLetter,
    Message,
    Modality,
    Received,
)
from transforms.peeked import PeekedRequests
from transforms.strict_json import MAX_BYTES, kind_name, load_object
from transforms.telemetry import metrics, tracing
from transforms.telemetry.display import display_items
from transforms.text.hidden import without_hidden

T = TypeVar("T")

MAX_LENGTHS = {
    "student_id": 100, "student_query": 2000, "interest": 100, "correlation_id": 64,
    "language": 35, "environment": 100,
}  # fmt: skip
"""Maximum length of each text field as sent, in characters."""

GRADES = (1, 16)
UUID_PATTERN = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
CORRELATION_PATTERN = "[A-Za-z0-9._~:/+=-]*"
"""Alphabet of correlation ids. They stand in every log line, so it holds UUIDs, hashes, Base64 and
trace ids, but no address or sentence."""

LANGUAGE_PATTERN = "[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*"
"""Shape of a language tag (RFC 5646): a language, then subtags of 1-8 letters or digits."""

WHITE_SPACE = "\t\n\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""White space in both Python and JavaScript. The byte order mark, which is white space in
JavaScript only, is a hidden character; other white space of either is forbidden."""


def parse(data: bytes) -> ContentRequest:
    """Parse and validate the data of one message.

    Args:
        data: any bytes.

    Raises:
        InvalidRequest: names the field and the rule that it breaks.
    """
    fields = load_object(data)
    request_id = _required(fields, "request_id", _text)
    if not re.fullmatch(UUID_PATTERN, request_id):
        raise InvalidRequest(
            "request_id", "is not a UUID such as 123e4567-e89b-12d3-a456-426614174000"
        )
    request_id = request_id.lower()
    student_id = _not_blank("student_id", _required(fields, "student_id", _short_text))
    query = _not_blank("student_query", _required(fields, "student_query", _short_text))
    grade = _required(fields, "grade_level", _whole_number)
    if not GRADES[0] <= grade <= GRADES[1]:
        raise InvalidRequest(
            "grade_level", f"is {grade}; it must be from {GRADES[0]} to {GRADES[1]}"
        )
    interest = _trimmed(_optional(fields, "interest", _short_text))
    correlation_id = (_optional(fields, "correlation_id", _short_text) or "").strip(WHITE_SPACE)
    if not re.fullmatch(CORRELATION_PATTERN, correlation_id):
        raise InvalidRequest(
            "correlation_id", "holds characters other than A-Z a-z 0-9 . _ ~ : / + = -"
        )
    modalities = _modalities(fields)
    preferred = _optional(fields, "preferred_modality", _text)
    if preferred is not None and preferred not in modalities:
        raise InvalidRequest(
            "preferred_modality",
            f"must be one of the requested ones ({', '.join(modalities)})",
        )
    language = _optional(fields, "language", _text) or "en-US"
    if len(language) > MAX_LENGTHS["language"] or not re.fullmatch(LANGUAGE_PATTERN, language):
        raise InvalidRequest("language", "is not a BCP-47 tag such as en-US or pt-BR")
    environment = _trimmed(_optional(fields, "environment", _short_text)) or None
    return ContentRequest(
        request_id=request_id,
        student_id=student_id,
        student_query=query,
        grade_level=grade,
        correlation_id=correlation_id or f"request-{request_id}",
        interest=interest or "general",
        requested_modalities=modalities,
        preferred_modality=preferred,
        language=language,
        environment=environment,
        share=_optional(fields, "share", _boolean) is not False,
        metadata={name: value for name, value in fields.items() if name not in _KNOWN},
    )


def peek(data: bytes) -> ContentRequest | None:
    """Parse a message ahead of the graph, for scheduling; None if it is invalid.

    Jobs schedule messages by it. It is kept for `ParseRequests`, so that a message
    is decoded once.
    """
    try:
        request = parse(data)
    except InvalidRequest:
        return None
    _peeked.put(data, request)
    return request


_peeked = PeekedRequests(limit=16 * MAX_BYTES)

_KNOWN = frozenset(ContentRequest.__dataclass_fields__) - {"metadata"}


def _required(fields: dict[str, Any], name: str, read: Callable[[str, object], T]) -> T:
    if fields.get(name) is None:
        raise InvalidRequest(name, "is required")
    return read(name, fields[name])


def _optional(fields: dict[str, Any], name: str, read: Callable[[str, object], T]) -> T | None:
    return None if fields.get(name) is None else read(name, fields[name])


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(name, f"is a JSON {kind_name(value)}; it must be a string")
    return value


def _whole_number(name: str, value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRequest(name, f"is a JSON {kind_name(value)}; it must be a whole number")
    return value


def _boolean(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidRequest(name, f"is a JSON {kind_name(value)}; it must be true or false")
    return value


def _short_text(name: str, value: object) -> str:
    text = _text(name, value)
    if len(text) > MAX_LENGTHS[name]:
        raise InvalidRequest(
            name, f"has {len(text):,} characters; at most {MAX_LENGTHS[name]:,} are accepted"
        )
    return text


def _trimmed(text: str | None) -> str:
    """Return the text without its hidden characters and the white space at its ends."""
    return without_hidden(text or "").strip(WHITE_SPACE)


def _not_blank(name: str, text: str) -> str:
    if not _trimmed(text):
        raise InvalidRequest(name, "is blank")
    return _trimmed(text)


def _modalities(fields: dict[str, Any]) -> tuple[Modality, ...]:
    value = fields.get("requested_modalities")
    if value is None:
        return ("video",)  # messages from before modalities existed mean video
    allowed = ", ".join(MODALITIES)
    if not isinstance(value, list) or not value:
        raise InvalidRequest("requested_modalities", f"must be a non-empty list of {allowed}")
    for item in value:
        if item not in MODALITIES:
            raise InvalidRequest("requested_modalities", f"holds something other than {allowed}")
    return tuple(m for m in MODALITIES if m in value)


def _without_reserved(message: Message) -> Message:
    """Remove attributes that only this pipeline may set, except the token of a replay."""
    kept = {
        name: value
        for name, value in message.attributes.items()
        if name == REPLAY_ATTRIBUTE or not name.startswith(RESERVED)
    }
    return message if len(kept) == len(message.attributes) else replace(message, attributes=kept)


class ParseRequests(beam.PTransform):
    """Validate messages, and turn invalid ones into dead letters.

    PCollection[Message] -> tagged `requests` (Received) and `DEAD_LETTERS`.

    All messages are searched for words of a student in danger (`transforms.crisis`). An invalid
    message with such words is no dead letter: it becomes a request that `transforms.care` settles.
    """

    def expand(self, messages: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        return messages | "Read and validate" >> beam.ParDo(_Parse()).with_output_types(
            Received, **{DEAD_LETTERS: DeadLetter}
        ).with_outputs(DEAD_LETTERS, main="requests")


class _Parse(beam.DoFn):
    def display_data(self) -> dict[str, Any]:
        return display_items(max_bytes=MAX_BYTES)

    def setup(self) -> None:
        tracing.configure_worker()

    def process(self, message: Message) -> Iterator[Received | beam.pvalue.TaggedOutput]:
        metrics.RECEIVED.inc()
        started = tracing.now()
        message = _without_reserved(message)
        try:
            request = _peeked.take(message.data) or parse(message.data)
        except InvalidRequest as error:
            with tracing.span("parse", message, start=started) as span:
                span.fail(error)
            care = find_care_in_invalid(message)
            if care:
                yield Received(message, _readable_request(message), care)
                return
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, make_dead_letter(message, "parse", error))
        else:
            received = Received(message, request, find_care_in(message, words_of(request)))
            tracing.span("parse", received, start=started).end()
            yield received


def words_of(request: ContentRequest) -> tuple[str, ...]:
    """Return what the student typed: the question and the interest."""
    return request.student_query, request.interest


def _readable_request(message: Message) -> ContentRequest:
    """Return what can be read of an invalid message: request id and student id."""
    from transforms.ledger.letter_student import student_in

    request_id = read_message(message).request_id
    return ContentRequest(
        request_id=request_id,
        student_id=student_in(message.data),
        student_query="",
        grade_level=GRADES[0],
        correlation_id=f"request-{request_id}",
        requested_modalities=("text",),
    )
