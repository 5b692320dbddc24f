"""RequestService publishes, reads, cancels and replays requests; API and pages share it."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.jobs.replay import Replayed, replay
from transforms import pubsub_client
from transforms.artifacts import ArtifactStore
from transforms.errors import InvalidRequest
from transforms.ledger import CancelState, Ledger, RequestRow
from transforms.model import ContentRequest
from transforms.parse import UUID_PATTERN, parse
from transforms.telemetry.tracing import begin_send

MAX_PAGE = 200
"""Most requests on one page."""

MAX_SEARCH = 200
"""Most characters of a search text."""


class BadQuery(ValueError):
    """A parameter of a query is invalid; the text says what is allowed."""


@dataclass(frozen=True)
class Page:
    """Requests, newest first, and the cursor of the page that follows; None after the last."""

    rows: Sequence[RequestRow]
    following: str | None


@dataclass(frozen=True)
class Filters:
    """Filters of a list of requests; None for all."""

    status: str | None = None
    modality: str | None = None
    student: str | None = None
    search: str | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """Read filters from a query string; empty ones count as absent.

        Raises:
            BadQuery: A text holds control characters or is too long.
        """
        values = {name: query.get(name, "").strip() or None for name in cls.__dataclass_fields__}
        for name, value in values.items():
            if value and (len(value) > MAX_SEARCH or not value.isprintable()):
                raise BadQuery(f"{name} takes up to {MAX_SEARCH} printable characters")
        return cls(**values)

    @property
    def given(self) -> dict[str, Any]:
        """The filters that are set, by name."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class RequestService:
    """Publishes requests to a topic, and reads and changes them in the ledger.

    Args:
        ledger: Ledger of the jobs.
        store: Artifact store of the jobs.
        topic: Full resource name of the topic.
        id_label: Message attribute by which Dataflow deduplicates publications.
    """

    ledger: Ledger
    store: ArtifactStore
    topic: str
    id_label: str | None = None

    def submit(self, data: bytes, headers: Mapping[str, str] | None = None) -> ContentRequest:
        """Validate a request as the pipeline does, then publish its bytes.

        A request without `request_id` gets one.

        Args:
            data: The message.
            headers: Headers of the HTTP request, which may state the caller's span.

        Raises:
            InvalidRequest: The request breaks a rule; nothing was published.
            DependencyDown: Pub/Sub cannot be reached; the request may have been published.
            ConfigurationFault: The topic is missing or forbidden.
        """
        try:
            request = parse(data)
        except InvalidRequest as error:
            if (error.field, error.reason) != ("request_id", "is required"):
                raise
            data = _with_request_id(data)
            request = parse(data)
        span, attributes = begin_send(request.request_id, headers or {})
        with span:
            pubsub_client.publish(self.topic, data, attributes)
        return request

    def find(self, request_id: str) -> RequestRow | None:
        """Return a request; None if no message has claimed it yet."""
        return next(iter(self.ledger.requests(request_id)), None)

    def list(self, filters: Filters, limit: int, cursor: str | None = None) -> Page:
        """Return a page of the requests that match filters, newest first.

        Raises:
            BadQuery: The cursor was not made by this function.
        """
        after = _read_cursor(cursor) if cursor else None
        rows = self.ledger.requests(limit=limit + 1, after=after, **filters.given)
        more = len(rows) > limit
        rows = rows[:limit]
        return Page(rows, _cursor(rows[-1]) if more else None)

    def counts(self, filters: Filters) -> dict[str, int]:
        """Count the requests that match, by status as shown."""
        return self.ledger.request_counts(**filters.given)

    def cancel(self, request_id: str) -> CancelState:
        """Cancel a request; it ends before its next stage."""
        return self.ledger.cancel([request_id])[0]

    def replay(self, number: int) -> Replayed | None:
        """Publish a dead letter's message again; None if there is none of that number."""
        return next(
            replay(
                self.ledger,
                self.topic,
                [number],
                again=False,
                dry_run=False,
                id_label=self.id_label,
            ),
            None,
        )

    def letter_of(self, request_id: str) -> int | None:
        """Return the number of the latest dead letter of a request; None if it has none."""
        letters = self.ledger.dead_letters(request_id=request_id, limit=1)
        return letters[0].id if letters else None


def request_uuid(text: str) -> str | None:
    """Return a request id in canonical form; None if it is not one."""
    return text.lower() if re.fullmatch(UUID_PATTERN, text) else None


def _with_request_id(data: bytes) -> bytes:
    """Insert a new request id into the JSON of a message; every other byte stays."""
    start = data.index(b"{") + 1
    separator = b"" if data[start:].lstrip().startswith(b"}") else b", "
    new = json.dumps({"request_id": str(uuid.uuid4())}).encode()[1:-1]
    return data[:start] + new + separator + data[start:]


def _cursor(row: RequestRow) -> str:
    text = json.dumps([row.created_at.isoformat(), row.request_id])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        parts: Any = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        created_at = datetime.fromisoformat(parts[0])
        request_id = request_uuid(parts[1])
        if created_at.tzinfo is None or request_id is None:
            raise ValueError
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise BadQuery("cursor must be the `next` of an earlier answer") from None
    return created_at, request_id
