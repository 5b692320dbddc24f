"""Print requests, dead letters and findings as fields, tables or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from pipeline.cli.console import CommandConsole
from pipeline.cli.formats import moment, plain, queued_for
from pipeline.jobs.backlog import Backlog
from pipeline.jobs.preflight_check import Finding
from transforms.ledger import DeadLetterDetail, DeadLetterRow, RequestRow
from transforms.ledger.care import CareRow

WITH_REQUEST = 134  # least terminal columns for the request of a dead letter


def request(row: RequestRow, as_json: bool) -> None:
    """Print all fields of one request except its script."""
    if as_json:
        print_json([asdict(row)])
        return
    values = {k: v for k, v in asdict(row).items() if k not in ("script", "artifacts")}
    values["status"] = queued_for(row) or row.status
    values |= {name: artifact["uri"] for name, artifact in row.artifacts.items()}
    fields({k: v for k, v in values.items() if not k.endswith("_uri")})


def backlog(subscription: str, found: Backlog, as_json: bool) -> None:
    """Print number and age of a subscription's unacknowledged messages."""
    if as_json:
        print_json({"subscription": subscription, **asdict(found)})
        return
    oldest = f", the oldest for {found.oldest_seconds:,.0f} s" if found.messages else ""
    noun = "message" if found.messages == 1 else "messages"
    print(f"{subscription}: {found.messages:,} unacknowledged {noun}{oldest}")


def objects(rows: Sequence[Any]) -> None:
    """Print dataclasses as a JSON array of objects."""
    print_json([asdict(row) for row in rows])


def dead_letters(rows: Sequence[DeadLetterRow], as_json: bool, more: bool = False) -> None:
    """Print dead letters, without their payloads.

    Args:
        more: whether there are more of them than `rows`.
    """
    if as_json:
        objects(rows)
        return
    console = CommandConsole()
    columns = ["id", "when", "stage", "field", "reason", "retryable", "request"]
    if console.width < WITH_REQUEST:
        columns.remove("request")
    table = Table(title=None if rows else "no dead letters", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=name != "reason", overflow="fold")
    for row in rows:
        cells: dict[str, str | Text] = {
            "id": str(row.id),
            "when": moment(row.occurred_at),
            "stage": row.stage,
            "field": plain(row.field or ""),
            "reason": plain(row.error),
            "retryable": "yes" if row.retryable else "no",
            "request": row.request_id or "",
        }
        table.add_row(*(cells[name] for name in columns))
    console.print(table)
    _print_more(len(rows), more)


def dead_letter(found: DeadLetterDetail, as_json: bool) -> None:
    """Print one dead letter with its payload; bytes that are not UTF-8 are escaped."""
    values = asdict(replace(found, attempts=()))
    values["attempts"] = [asdict(attempt) for attempt in found.attempts]
    message = values.pop("message")
    values["attributes"] = message["attributes"]
    values["data"] = message["data"].decode("utf-8", "backslashreplace")
    if as_json:
        print_json(values)
        return
    fields(values)


def care(rows: Sequence[CareRow], as_json: bool, more: bool = False) -> None:
    """Print what was found about students who need care, without their words.

    Args:
        more: whether there are more of them than `rows`.
    """
    if as_json:
        objects(rows)
        return
    table = Table(title=None if rows else "no student needs care", box=None, pad_edge=False)
    for name in ("request", "noticed", "category", "level", "status", "staff told"):
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(
            row.request_id,
            moment(row.noticed_at),
            row.category,
            row.level,
            row.status or "",
            moment(row.told_at) if row.told_at else "no",
        )
    CommandConsole().print(table)
    _print_more(len(rows), more)


def fields(values: Mapping[str, Any]) -> None:
    """Print named values, one on each line; those that are empty are left out."""
    console = CommandConsole(highlight=False)
    shown = {name: value for name, value in values.items() if value not in (None, "", (), [], {})}
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        console.print(Text(f"{name:>{width}}  ", "bold") + _shown(value), soft_wrap=True)


def findings(found: Sequence[Finding]) -> None:
    """Print the results of `vividly check`, each failure and warning with its remedy."""
    console = CommandConsole(highlight=False)
    for each in found:
        mark = Text("ok    ", "green") if each.passed else Text("FAILED", "bold red")
        mark = Text("warns ", "yellow") if each.is_warning else mark
        console.print(mark + Text(f"  {each.name:<18} {each.detail}", ""), soft_wrap=True)
        if each.remedy:
            console.print(Text(f"{'':8}{'':<18} → {each.remedy}", "yellow"), soft_wrap=True)


def _print_more(shown: int, more: bool) -> None:
    if more:
        noun = "one is" if shown == 1 else f"{shown:,} are"
        print(f"the newest {noun} shown; --limit shows more")


def _shown(value: Any) -> Text:
    return plain(value if isinstance(value, str) else _json(value).strip('"'))


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(_json(value))


def _json(value: Mapping[str, Any] | Sequence[Any]) -> str:
    def plain(other: Any) -> Any:
        return other.isoformat() if isinstance(other, datetime) else str(other)

    return json.dumps(value, indent=2, default=plain)
