"""Log messages about elements, and the fields that identify an element in a log line.

A message consists of the program's own words and numbers; everything else is a field. The
log-based metrics in `deploy/monitoring` match `STAGE_DONE`, `RESULT_COPIED`, `SETTLED`,
`HOURLY_BUDGET`, `FAULT`, `CANARY`, `LAPSED_CLAIMS`, `COPY_FAILED`, `CARE_NOT_TOLD`,
`STARTED_TOO_OFTEN` and `MODEL_RETIRED`; change them together.
"""

from __future__ import annotations

from transforms.model import Lesson, Message, Received
from transforms.telemetry.log_format import TRACE_FIELD
from transforms.telemetry.trace_context import trace_id

STAGE_DONE = "%s done in %.3f s for $%.8f"
"""Arguments: stage, seconds, US dollars."""

RESULT_COPIED = "%s copied a shared result and saved $%.8f"
"""Arguments: stage; US dollars that the result cost when it was made."""

SETTLED = "%s after %.3f s"
"""Arguments: status of the outcome, `cancelled` for the dead letter of a cancelled request, or
`needs_care` for a completed message whose student gets help instead of a lesson; seconds since the
message was published."""

SETTLED_BEFORE = "delivered again after %.3f s, settled before"
"""Arguments: seconds since the message was published."""

HOURLY_BUDGET = (
    "all workers together have spent $%.6f within an hour, of $%.6f (--max-cost-per-hour): %s"
)
"""Arguments: US dollars spent; the limit in US dollars; `requests wait` or `going on`."""

FAULT = "stopped by a %s fault: %s"
"""Arguments: `configuration` or `worker`; what is at fault, with the remedy."""

CANARY = "canary of the %s stage %s after %d equal failures in a row: %s"
"""Arguments: stage; `passed` or `failed`; number of messages; error and its place in the code."""

LAPSED_CLAIMS = "lapsed claims: %d for more than %.0f minutes; no delivery has taken them over"
"""Arguments: number of claims; minutes."""

COPY_FAILED = "no copy of a dead letter reached the topic (%s); the ledger has the letter"
"""Arguments: type of the error."""

CARE_NOT_TOLD = "no message about a student who needs care reached the topic (%s); sent again later"
"""Arguments: type of the error."""

STARTED_TOO_OFTEN = "gave the %s stage up after %d starts without an end"
"""Arguments: stage; number of entries that no worker has closed."""

MODEL_RETIRED = "the model %s is retired; this process goes on with %s"
"""Arguments: model; the models, or engines without one, that are left."""


def log_fields(source: Message | Received | Lesson, **more: object) -> dict[str, object]:
    """Return the log fields that identify an element; they never hold the student's words.

    Args:
        source: The element.
        more: Further fields, named as in `ID_FIELDS` and `FACT_FIELDS`; None values are left out.
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
