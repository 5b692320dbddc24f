"""Tolerant reader of a student's words from a message, valid or not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from transforms.crisis.phrases import find_care
from transforms.model import CareFinding, Message
from transforms.text.language import primary_subtag

MAX_READ = 64 * 1024
"""Bytes of a message that are read."""

MAX_WORDS = 4_000
"""Characters of an invalid message that are searched."""

_LANGUAGE = re.compile("[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*")


@dataclass(frozen=True)
class Readable:
    """Request id, language and student's words that could be read from a message.

    Attributes:
        request_id: The message's request id, or one made from the message's id if it has none.
        language: The language tag that the message states; empty if it states none.
        words: What the student typed.
    """

    request_id: str
    language: str
    words: tuple[str, ...]


def find_care_in(message: Message, words: Sequence[str]) -> CareFinding | None:
    """Search a valid message for signs of danger; the finding has the message's language.

    Args:
        message: The message.
        words: Question and interest.
    """
    found = find_care(words)
    return _stated(found, read_message(message).language) if found else None


def find_care_in_invalid(message: Message) -> CareFinding | None:
    """Search an invalid message for signs of danger; any finding counts as urgent."""
    read = read_message(message)
    found = find_care(read.words)
    return replace(_stated(found, read.language), level="urgent") if found else None


def _stated(found: CareFinding, language: str) -> CareFinding:
    return replace(found, language=primary_subtag(language)) if language else found


def read_message(message: Message) -> Readable:
    """Read request id, language and words of a message, which may be invalid or no JSON."""
    text = message.data[:MAX_READ].decode("utf-8", "replace")
    try:
        value = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        value = text
    pairs = value if isinstance(value, _Pairs) else _Pairs()
    typed = _texts([inside for name, inside in pairs if name in ("student_query", "interest")])
    words = tuple(typed) or tuple(_texts(value))
    fields = dict(pairs)
    return Readable(_request_id(fields, message), _language(fields), _truncated(words))


def _truncated(words: Sequence[str]) -> tuple[str, ...]:
    """Cut the texts to `MAX_WORDS` characters in all."""
    kept, left = [], MAX_WORDS
    for each in words:
        kept.append(each[:left])
        left -= len(kept[-1])
    return tuple(filter(None, kept))


class _Pairs(list[tuple[str, Any]]):
    """The fields of a JSON object, repeated ones included."""


def _texts(value: Any) -> Iterator[str]:
    """Yield all strings inside a JSON value, except field names."""
    waiting = [value]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, str):
            yield each
        elif isinstance(each, _Pairs):
            waiting += [inside for _, inside in each]
        elif isinstance(each, list):
            waiting += each


def _request_id(fields: dict[str, Any], message: Message) -> str:
    try:
        return str(UUID(fields["request_id"]))
    except (KeyError, ValueError, AttributeError, TypeError):
        return str(uuid5(NAMESPACE_OID, f"vividly:{message.message_id}"))


def _language(fields: dict[str, Any]) -> str:
    stated = fields.get("language")
    fits = isinstance(stated, str) and len(stated) <= 35 and _LANGUAGE.fullmatch(stated)
    return stated if isinstance(stated, str) and fits else ""
