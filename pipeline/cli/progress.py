"""Progress of published messages, redrawn in place at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pipeline.cli.formats import STYLES, query
from transforms.errors import DependencyDown
from transforms.ledger import DeadLetterRow, Ledger, RequestRow

PER_SECOND = 4  # redraws per second, one query each


def results(
    ledger: Ledger, published: Sequence[str]
) -> tuple[list[RequestRow], list[DeadLetterRow]]:
    """Return the requests and dead letters of the published messages, oldest first."""
    ids = set(published)
    rows = [row for row in ledger.requests(limit=len(ids)) if row.message_id in ids]
    letters = [row for row in ledger.dead_letters(limit=len(ids)) if row.message_id in ids]
    return rows[::-1], letters[::-1]


@contextmanager
def show_progress(console: Console, ledger: Ledger, published: Sequence[str]) -> Iterator[None]:
    """Show the progress of each request while the block runs, if the console is a terminal.

    Args:
        published: Ids of the messages.
    """
    if not console.is_terminal:
        yield
        return
    with Live(
        get_renderable=lambda: _progress(ledger, published),
        console=console,
        refresh_per_second=PER_SECOND,
        transient=True,
    ):
        yield


def _progress(ledger: Ledger, published: Sequence[str]) -> RenderableType:
    try:
        rows, letters = results(ledger, published)
    except DependencyDown as down:
        return Text(str(down), "red")
    table = Table.grid(padding=(0, 2))
    for row in rows:
        style = STYLES.get(row.status, "")
        table.add_row(
            Text("  ") + query(row),
            row.modality,
            ProgressBar(total=100, completed=row.progress, width=24),
            Text(row.stage or "claimed" if row.status == "running" else row.status, style),
        )
    return Group(table, Text(f"  {len(letters)} dead letters", "dim"))
