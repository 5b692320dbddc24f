"""Texts of the ledger's values in tables of a terminal."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from transforms.ledger import RequestRow
from transforms.text.hidden import visible

STYLES = {
    "completed": "green",
    "running": "cyan",
    "queued": "cyan",
    "failed": "red",
    "cancelled": "yellow",
    "cancelling": "yellow",
    "lapsed": "magenta",
    "needs_care": "blue",
}
"""Colours of the statuses of requests."""
QUERY_WIDTH = 44  # characters of a question shown in a table
MAIN_ARTIFACTS = ("video.mp4", "narration.m4a", "script.md")
"""Artifacts to name as the result of a request, best first."""


def query(row: RequestRow) -> Text:
    """Return a request's question, shortened for a table."""
    text = " ".join(str(row.request.get("student_query", "")).split())
    return plain(text if len(text) <= QUERY_WIDTH else text[: QUERY_WIDTH - 1] + "…")


def plain(text: str) -> Text:
    """Return untrusted text as it is, without markup and terminal controls."""
    return Text(visible(text))


def seconds(row: RequestRow) -> str:
    """Return the duration of the last attempt in seconds."""
    end = row.completed_at or row.updated_at
    return f"{(end - row.started_at).total_seconds():.1f}"


def moment(when: datetime) -> str:
    """Format a time in the time zone of this machine."""
    return when.astimezone().strftime("%m-%d %H:%M:%S")


def dollars(amount: float) -> str:
    """Format US dollars with five decimals, because stages cost fractions of a cent."""
    return f"${amount:.5f}"


def main_artifact(row: RequestRow) -> str:
    """Return the URI of a request's video, else audio, else script; empty if it has none."""
    for name in MAIN_ARTIFACTS:
        if name in row.artifacts:
            return str(row.artifacts[name]["uri"])
    return ""


def money(amount: float) -> str:
    """Format US dollars with enough digits that a small amount does not look like zero."""
    if not amount:
        return "$0"
    if amount < 0.000001:
        return "<$0.000001"
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.6f}"


def queued_for(row: RequestRow) -> str:
    """Return the stage that a request waits for, and since when; empty if it does not wait."""
    if row.status != "running" or not row.queued_at:
        return ""
    stage = (row.stage or "script").replace("_", " ")
    return f"queued for {stage} since {moment(row.queued_at)}"
