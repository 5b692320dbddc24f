"""Trace context (W3C) that a message's publisher states in its attributes.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

ATTRIBUTES = ("traceparent", "googclient_traceparent")
"""Attributes that hold it: the standard's, and that of the Pub/Sub client libraries."""

# Versions after 00 may append further fields; ff is invalid.
_TRACEPARENT = re.compile(
    "(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)


class TraceContext(NamedTuple):
    """Ids of a trace and a span with flags, as hexadecimal digits."""

    trace_id: str
    span_id: str
    flags: str

    @property
    def header(self) -> str:
        """The value of a `traceparent` header."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def publisher_context(attributes: Mapping[str, str]) -> TraceContext | None:
    """Return the first valid trace context of a message's attributes; None if there is none."""
    for name in ATTRIBUTES:
        found = _TRACEPARENT.fullmatch(attributes.get(name, ""))
        if found and not (found[4] and found[0].startswith("00")):
            return TraceContext(found[1], found[2], found[3])
    return None


def trace_id(attributes: Mapping[str, str], request_id: str | None) -> str | None:
    """Return the trace id of a message: the publisher's if there is one, else the request id.

    A UUID without hyphens is a valid trace id, and makes a log viewer show a request's lines
    together.

    Args:
        attributes: The message's attributes.
        request_id: The request id, if known.
    """
    context = publisher_context(attributes)
    if context:
        return context.trace_id
    return request_id.replace("-", "") if request_id else None
