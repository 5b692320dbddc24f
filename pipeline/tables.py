"""What the ledger says, for people (tables) and for programs (JSON)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from transforms.ledger import DeadLetterDetail, DeadLetterRow, RequestRow

STYLES = {"completed": "green", "running": "cyan", "failed": "red", "cancelled": "yellow"}
QUERY_WIDTH = 44  # characters of a question shown in a table
MAIN_ARTIFACTS = ("video.mp4", "narration.m4a", "script.md")
"""What somebody wants to open first, best first."""


def requests(rows: Sequence[RequestRow], as_json: bool) -> None:
    """Print requests."""
    if as_json:
        _print_json([asdict(row) for row in rows])
        return
    table = Table(title=None if rows else "no requests yet", box=None, pad_edge=False)
    for heading in ("request", "asks", "for", "status", "stage", "%", "s", "cost", "result"):
        table.add_column(heading, overflow="fold", justify="right" if heading in "%s" else "left")
    for row in rows:
        table.add_row(
            row.request_id,
            query(row),
            row.modality,
            Text(row.status, STYLES.get(row.status, "")),
            row.stage or "",
            str(row.progress),
            seconds(row),
            dollars(row.cost_usd),
            Text(row.error or main_artifact(row)),
        )
    Console().print(table)


def dead_letters(rows: Sequence[DeadLetterRow], as_json: bool) -> None:
    """Print dead letters, without their payloads."""
    if as_json:
        _print_json([asdict(row) for row in rows])
        return
    table = Table(title=None if rows else "no dead letters", box=None, pad_edge=False)
    for heading in ("id", "when", "stage", "field", "reason", "retryable", "request"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(
            str(row.id),
            row.occurred_at.astimezone().strftime("%m-%d %H:%M:%S"),
            row.stage,
            Text(row.field or ""),
            Text(row.error),
            "yes" if row.retryable else "no",
            row.request_id or "",
        )
    Console().print(table)


def dead_letter(found: DeadLetterDetail, as_json: bool) -> None:
    """Print one dead letter, whole; its payload is data, whatever it holds."""
    fields = asdict(replace(found, attempts=()))
    fields["attempts"] = [asdict(attempt) for attempt in found.attempts]
    message = fields.pop("message")
    fields["attributes"] = message["attributes"]
    fields["data"] = message["data"].decode("utf-8", "backslashreplace")
    if as_json:
        _print_json(fields)
        return
    console = Console(highlight=False)
    for name, value in fields.items():
        if value not in (None, (), [], {}):
            console.print(Text(f"{name:>16}  ", "bold") + Text(_safe(value)))


def query(row: RequestRow) -> Text:
    """The question, short enough for a table."""
    text = " ".join(str(row.request.get("student_query", "")).split())
    return Text(text if len(text) <= QUERY_WIDTH else text[: QUERY_WIDTH - 1] + "…")


def seconds(row: RequestRow) -> str:
    """How long its last attempt took, or is taking."""
    end = row.completed_at or row.updated_at
    return f"{(end - row.started_at).total_seconds():.1f}"


def dollars(amount: float) -> str:
    """Fractions of a cent matter here."""
    return f"${amount:.5f}"


def main_artifact(row: RequestRow) -> str:
    """Where to find what was asked for."""
    for name in MAIN_ARTIFACTS:
        if name in row.artifacts:
            return str(row.artifacts[name]["uri"])
    return ""


def _safe(value: Any) -> str:
    text = value if isinstance(value, str) else _json(value)
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def _print_json(value: Any) -> None:
    print(_json(value))


def _json(value: Mapping[str, Any] | Sequence[Any]) -> str:
    def plain(other: Any) -> Any:
        return other.isoformat() if isinstance(other, datetime) else str(other)

    return json.dumps(value, indent=2, default=plain)
