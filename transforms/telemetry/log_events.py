"""What is said of an element: one line per event, with what it is about.

A line's message is made of the program's own words and numbers; the rest are fields. What
log-based metrics (`deploy/monitoring`) read of `STAGE_DONE`, `SETTLED` and `HOURLY_BUDGET`, in
every runtime, changes only together with those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from transforms.model import Lesson, Message, Received
from transforms.telemetry.log_format import TRACE_FIELD

STAGE_DONE = "%s done in %.3f s for $%.8f"
"""stage, seconds, US dollars"""

SETTLED = "%s after %.3f s"
"""status of the outcome, or `cancelled` (a dead letter that somebody asked for); seconds since the
message was published"""

SETTLED_BEFORE = "delivered again after %.3f s, settled before"
"""seconds since the message was published"""

HOURLY_BUDGET = (
    "all workers together have spent $%.6f within an hour, of $%.6f (--max-cost-per-hour): %s"
)
"""US dollars spent; US dollars that may be; `requests wait` or `going on`"""

# Written by whoever traces its requests: by hand after W3C Trace Context, or by Pub/Sub's clients.
_TRACE_ATTRIBUTES = ("traceparent", "googclient_traceparent")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def log_fields(source: Message | Received | Lesson, **more: object) -> dict[str, object]:
    """The `extra` of a line about an element; never the student's words.

    Args:
        source: the element, as far as it has come.
        more: names of `IDS` and `FACTS`.
    """
    message = source if isinstance(source, Message) else source.message
    found: dict[str, object] = {"message_id": message.message_id}
    request_id = None
    if not isinstance(source, Message):
        request_id = source.request.request_id
        found |= {"request_id": request_id, "correlation_id": source.request.correlation_id}
    if isinstance(source, Lesson):
        found["attempt"] = source.claim.attempt
    trace = trace_id(message.attributes, request_id)
    if trace:
        found[TRACE_FIELD] = trace
    return found | {name: value for name, value in more.items() if value is not None}


def trace_id(attributes: Mapping[str, str], request_id: str | None) -> str | None:
    """The trace that a message belongs to: the publisher's, else one for each request.

    A request's own id, a UUID, is a valid trace id, and makes a log viewer show a request's lines
    together.
    """
    for name in _TRACE_ATTRIBUTES:
        found = _TRACEPARENT.fullmatch(attributes.get(name, ""))
        if found and int(found[1], 16):
            return found[1]
    return request_id.replace("-", "") if request_id else None
