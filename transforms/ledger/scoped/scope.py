"""Scope: which messages a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from transforms.ledger import hourly
from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text

BY_IDS = "message_id IN (SELECT json_array_elements_text(CAST(:ids AS json)))"
BY_TIME = """received_at >= coalesce(CAST(:since AS timestamptz), '-infinity')
        AND received_at < coalesce(CAST(:until AS timestamptz), 'infinity')"""
"""Conditions on messages, of the two kinds of scopes."""


@dataclass(frozen=True)
class Scope:
    """Selects messages by the time of their receipt, or by their ids.

    Attributes:
        since: received then or later.
        until: received before then.
        message_ids: the messages with these ids, whenever they were received.
    """

    since: datetime | None = None
    until: datetime | None = None
    message_ids: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        assert self.message_ids is None or not (self.since or self.until)

    def run(
        self, database: Database, by_time: str, by_ids: str, **parameters: Any
    ) -> list[dict[str, Any]]:
        """Run the statement for a time span or the one for message ids, as the scope has them."""
        if self.message_ids is None:
            return database.run(by_time, **hourly.period(self.since, self.until), **parameters)
        return database.run(by_ids, ids=json_text(list(self.message_ids)), **parameters)
