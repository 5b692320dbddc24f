"""Print rows of the ledger as tables or as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.cli.console import CommandConsole
from pipeline.jobs.backlog import Backlog
from pipeline.jobs.preflight_check import Finding
from pipeline.stop_signals import stop_fault
from transforms.ledger import CostRow, DeadLetterDetail, DeadLetterRow, RequestRow
from transforms.ledger.care import CareRow
from transforms.prices import Price
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
WATCH_INTERVAL = 2.0
"""Seconds between two readings of `watch_requests`."""
QUERY_WIDTH = 44  # characters of a question shown in a table
NARROW, WIDE = 150, 192  # least terminal columns for a request in one line, and for paths
WITH_REQUEST = 134  # least terminal columns for the request of a dead letter
ID_WIDTH = 36  # characters of a request id
COLUMNS = (
    ("request", "asks"), ("created",), ("for", "%"), ("status", "stage"), ("s", "cost"),
)  # fmt: skip
"""Columns of requests; on a narrow terminal, the second of two stands below the first."""
MAIN_ARTIFACTS = ("video.mp4", "narration.m4a", "script.md")
"""Artifacts to name as the result of a request, best first."""


def requests(
    rows: Sequence[RequestRow],
    as_json: bool,
    counts: Mapping[str, int] | None = None,
    order: str = "newest",
) -> None:
    """Print requests as a table with counts, or as JSON.

    Args:
        counts: number of requests by status, the ones beyond `rows` included.
        order: which requests come first, ``newest`` or ``oldest``.
    """
    if as_json:
        _print_json([asdict(row) for row in rows])
        return
    console = CommandConsole()
    console.print(_requests_table(rows, console.width))
    if counts:
        console.print(_counted(rows, counts, order), soft_wrap=True)


def watch_requests(
    read: Callable[[], tuple[Sequence[RequestRow], Mapping[str, int]]], order: str = "newest"
) -> None:
    """Print requests and counts again and again until Ctrl-C; in place at a terminal.

    Args:
        read: reads the requests, and their number by status.
        order: as for `requests`.
    """
    console = CommandConsole()
    lines = 1 if console.width >= NARROW else 3  # of a request: id, and a question of two lines
    free = console.height - min(lines, 2) - 2  # beside headings, counts, cursor
    room = max(1, free // lines) if console.is_terminal else None
    with Live(console=console, auto_refresh=False) as live:
        try:
            while True:
                rows, counts = read()
                shown = rows[:room]
                counted = _counted(shown, counts, order)
                view = Group(_requests_table(shown, console.width), counted)
                if console.is_terminal:
                    live.update(view, refresh=True)
                else:
                    console.print(view)
                time.sleep(WATCH_INTERVAL)
        except KeyboardInterrupt:
            if stop_fault():
                raise
            return


def _counted(rows: Sequence[RequestRow], counts: Mapping[str, int], order: str) -> Text:
    total = sum(counts.values())
    each = ", ".join(f"{counts[name]:,} {name}" for name in STYLES if counts.get(name))
    noun = "request" if total == 1 else "requests"
    shown = f"; the {order} {len(rows):,} are shown" if len(rows) < total else ""
    return Text(f"{total:,} {noun}{': ' if each else ''}{each}{shown}", "bold")


def _requests_table(rows: Sequence[RequestRow], width: int) -> Table:
    narrow = width < NARROW
    columns = list[tuple[str, ...]](COLUMNS)
    if not narrow:
        columns = [(name,) for together in COLUMNS for name in together]
    if width >= WIDE:
        columns.append(("result",))
    table = Table(title=None if rows else "no requests yet", box=None, pad_edge=False)
    for names in columns:
        long = names[0] in ("request", "result")
        table.add_column(
            "\n".join(names),
            no_wrap=not long,
            overflow="fold" if long else "ellipsis",
            min_width=ID_WIDTH if names[0] == "request" else None,
            justify="right" if names[-1] in ("%", "s", "cost") else "left",
        )
    for row in rows:
        cells = {
            "request": Text(row.request_id),
            "asks": query(row),
            "created": Text(_moment(row.created_at).replace(" ", "\n" if narrow else " ")),
            "for": Text(row.modality),
            "status": Text(row.shown_status, STYLES.get(row.shown_status, "")),
            "stage": Text(row.stage or ""),
            "%": Text(str(row.progress)),
            "s": Text(seconds(row)),
            "cost": Text(dollars(row.cost_usd)),
            "result": plain(row.error or queued_for(row) or main_artifact(row)),
        }
        table.add_row(*(Text("\n").join(cells[name] for name in names) for names in columns))
    return table


def request(row: RequestRow, as_json: bool) -> None:
    """Print all fields of one request except its script."""
    if as_json:
        _print_json([asdict(row)])
        return
    fields = {k: v for k, v in asdict(row).items() if k not in ("script", "artifacts")}
    fields["status"] = queued_for(row) or row.status
    fields |= {name: artifact["uri"] for name, artifact in row.artifacts.items()}
    _print_fields({k: v for k, v in fields.items() if not k.endswith("_uri")})


def backlog(subscription: str, found: Backlog, as_json: bool) -> None:
    """Print number and age of a subscription's unacknowledged messages."""
    if as_json:
        _print_json({"subscription": subscription, **asdict(found)})
        return
    oldest = f", the oldest for {found.oldest_seconds:,.0f} s" if found.messages else ""
    noun = "message" if found.messages == 1 else "messages"
    print(f"{subscription}: {found.messages:,} unacknowledged {noun}{oldest}")


def objects(rows: Sequence[Any]) -> None:
    """Print dataclasses as a JSON array of objects."""
    _print_json([asdict(row) for row in rows])


_AMOUNTS = ("cost_usd", "reuse_saved_usd", "skip_saved_usd")


def costs(rows: Sequence[CostRow], by: str, as_json: bool) -> None:
    """Print costs and savings by group, with their sums."""
    if as_json:
        _print_json([asdict(row) | {"reuse_rate": row.reuse_rate} for row in rows])
        return
    table = Table(title=None if rows else "nothing spent yet", box=None, pad_edge=False)
    table.add_column(by)
    headings = ("requests", "done", "reused", "hit rate", "skipped")
    for heading in (*headings, "cost", "reuse saved", "skip saved"):
        table.add_column(heading, justify="right")
    for row in rows:
        rate = f"{row.reuse_rate:.0%}" if row.reuse_rate is not None else ""
        counts = (row.requests, row.done, row.reused, rate, row.skipped)
        amounts = (_money(getattr(row, name)) for name in _AMOUNTS)
        table.add_row(Text(row.key), *map(str, counts), *amounts)
    if rows:
        sums = (_money(sum(getattr(row, name) for row in rows)) for name in _AMOUNTS)
        table.add_row(Text("together", "bold"), *[""] * len(headings), *sums)
    CommandConsole().print(table)


def _money(amount: float) -> str:
    """Format US dollars with enough digits that a small amount does not look like zero."""
    if not amount:
        return "$0"
    if amount < 0.000001:
        return "<$0.000001"
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.6f}"


def prices(table: Mapping[str, Price], as_json: bool) -> None:
    """Print the price table."""
    if as_json:
        _print_json([{"sku": sku, **asdict(price)} for sku, price in table.items()])
        return
    shown = Table(box=None, pad_edge=False)
    for heading in ("sku", "US dollars", "for", "read on"):
        right = heading in ("US dollars", "for")
        shown.add_column(heading, justify="right" if right else "left", overflow="fold")
    for sku, price in table.items():
        unit = f"{price.per:,} {price.unit}s"
        shown.add_row(sku, f"{price.usd:g}", unit, price.date.isoformat())
    console = CommandConsole()
    console.print(shown)
    for source in dict.fromkeys(price.source for price in table.values()):
        console.print(Text(f"from {source}"), soft_wrap=True)


def dead_letters(rows: Sequence[DeadLetterRow], as_json: bool, more: bool = False) -> None:
    """Print dead letters, without their payloads.

    Args:
        more: whether there are more of them than `rows`.
    """
    if as_json:
        _print_json([asdict(row) for row in rows])
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
            "when": _moment(row.occurred_at),
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
    fields = asdict(replace(found, attempts=()))
    fields["attempts"] = [asdict(attempt) for attempt in found.attempts]
    message = fields.pop("message")
    fields["attributes"] = message["attributes"]
    fields["data"] = message["data"].decode("utf-8", "backslashreplace")
    if as_json:
        _print_json(fields)
        return
    _print_fields(fields)


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
            _moment(row.noticed_at),
            row.category,
            row.level,
            row.status or "",
            _moment(row.told_at) if row.told_at else "no",
        )
    CommandConsole().print(table)
    _print_more(len(rows), more)


def fields(values: Mapping[str, Any]) -> None:
    """Print named values, one on each line."""
    _print_fields(values)


def queued_for(row: RequestRow) -> str:
    """Return the stage that a request waits for, and since when; empty if it does not wait."""
    if row.status != "running" or not row.queued_at:
        return ""
    stage = (row.stage or "script").replace("_", " ")
    return f"queued for {stage} since {_moment(row.queued_at)}"


def findings(found: Sequence[Finding]) -> None:
    """Print the results of `vividly check`, each failure and warning with its remedy."""
    console = CommandConsole(highlight=False)
    for each in found:
        mark = Text("ok    ", "green") if each.passed else Text("FAILED", "bold red")
        mark = Text("warns ", "yellow") if each.is_warning else mark
        console.print(mark + Text(f"  {each.name:<18} {each.detail}", ""), soft_wrap=True)
        if each.remedy:
            console.print(Text(f"{'':8}{'':<18} → {each.remedy}", "yellow"), soft_wrap=True)


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


def _moment(when: datetime) -> str:
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


def _print_fields(fields: Mapping[str, Any]) -> None:
    console = CommandConsole(highlight=False)
    shown = {name: value for name, value in fields.items() if value not in (None, "", (), [], {})}
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        console.print(Text(f"{name:>{width}}  ", "bold") + _shown(value), soft_wrap=True)


def _print_more(shown: int, more: bool) -> None:
    if more:
        noun = "one is" if shown == 1 else f"{shown:,} are"
        print(f"the newest {noun} shown; --limit shows more")


def _shown(value: Any) -> Text:
    return plain(value if isinstance(value, str) else _json(value).strip('"'))


def _print_json(value: Any) -> None:
    print(_json(value))


def _json(value: Mapping[str, Any] | Sequence[Any]) -> str:
    def plain(other: Any) -> Any:
        return other.isoformat() if isinstance(other, datetime) else str(other)

    return json.dumps(value, indent=2, default=plain)
