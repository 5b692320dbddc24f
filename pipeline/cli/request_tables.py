"""Print requests as a table, once or again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.cli import output
from pipeline.cli.console import CommandConsole
from pipeline.cli.formats import (
    STYLES,
    dollars,
    main_artifact,
    moment,
    plain,
    query,
    queued_for,
    seconds,
)
from pipeline.stop_signals import stop_fault
from transforms.ledger import RequestRow

WATCH_INTERVAL = 2.0
"""Seconds between two readings of `watch_requests`."""
NARROW, WIDE = 150, 192  # least terminal columns for a request in one line, and for paths
ID_WIDTH = 36  # characters of a request id
COLUMNS = (
    ("request", "asks"), ("created",), ("for", "%"), ("status", "stage"), ("s", "cost"),
)  # fmt: skip
"""Columns of requests; on a narrow terminal, the second of two stands below the first."""


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
        output.objects(rows)
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
            "created": Text(moment(row.created_at).replace(" ", "\n" if narrow else " ")),
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
