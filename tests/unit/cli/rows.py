"""Rows of the ledger for tests that only show them."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from transforms.ledger import RequestRow

WHEN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def request_row(**given: Any) -> RequestRow:
    """Return the row of a running text request, with the given changes."""
    known: dict[str, Any] = {
        "request_id": "123e4567-e89b-12d3-a456-426614174000",
        "status": "running",
        "progress": 25,
        "modality": "text",
        "request": {"student_query": "Explain gravity"},
        "attempts": 1,
        "artifacts": {},
        "cost_usd": 0.00125,
        "cost_saved_usd": 0.0,
        "created_at": WHEN,
        "started_at": WHEN,
        "updated_at": WHEN,
        "savings": {},
    }
    return RequestRow(**{f.name: None for f in fields(RequestRow)} | known | given)
