"""Terminal output of `vividly demo`: progress and results."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pipeline.cli import output
from pipeline.cli.console import CommandConsole
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


class DemoOutput:
    """Prints the demo's output; progress is redrawn in place at a terminal."""

    def __init__(self) -> None:
        self._console = CommandConsole()

    def step(self, text: str) -> None:
        """Print the next step."""
        self._console.print(Text("▸ ", "bold cyan") + Text(text))

    @contextmanager
    def progress(self, ledger: Ledger, published: Sequence[str]) -> Iterator[None]:
        """Show the progress of each request while the block runs, if this is a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with Live(
            get_renderable=lambda: self._progress(ledger, published),
            console=self._console,
            refresh_per_second=PER_SECOND,
            transient=True,
        ):
            yield

    def _progress(self, ledger: Ledger, published: Sequence[str]) -> RenderableType:
        try:
            rows, letters = results(ledger, published)
        except DependencyDown as down:
            return Text(str(down), "red")
        table = Table.grid(padding=(0, 2))
        for row in rows:
            style = output.STYLES.get(row.status, "")
            table.add_row(
                Text("  ") + output.query(row),
                row.modality,
                ProgressBar(total=100, completed=row.progress, width=24),
                Text(row.stage or "claimed" if row.status == "running" else row.status, style),
            )
        return Group(table, Text(f"  {len(letters)} dead letters", "dim"))

    def results(
        self,
        rows: Sequence[RequestRow],
        letters: Sequence[DeadLetterRow],
        summary: Mapping[str, Any],
        artifacts: Path,
        log_file: Path,
        report: Path,
    ) -> None:
        """Print outcomes, dead letters, the summary and where to find the results."""
        console = self._console
        console.print()
        console.print(_outcomes(rows))
        console.print()
        console.print(_dead_letters(letters))
        console.print()
        console.print(
            f"{summary['received']} messages received = {summary['completed']} completed + "
            f"{summary['duplicates']} duplicate + {summary['dead_lettered']} dead-lettered + "
            f"{summary['in_flight']} in flight, in {summary['runtime_seconds']:.0f} s; "
            f"cost {output.dollars(summary['cost_usd'])}, "
            f"skipped speech and video saved {output.dollars(summary['cost_saved_usd'])}",
            highlight=False,
        )
        console.print()
        console.print(Text("Open in a browser", "bold"))
        console.print(Text(f"  {report.absolute().as_uri()}"), soft_wrap=True)
        console.print(Text("Watch and read", "bold"))
        for row in rows:
            found = output.main_artifact(row)
            if found:
                console.print(Text(f"  {_short(found)}"), soft_wrap=True)
        console.print(Text("Look further", "bold"))
        command = _command()
        for what, comment in (
            (f"{command} status", "the ledger"),
            (f"{command} dead-letters list", "messages that could not be completed, with reasons"),
            (_short(str(artifacts)), "every artifact, with manifests"),
            (_short(str(log_file)), "the log of this run"),
        ):
            console.print(Text(f"  {what:<36}") + Text(f"  {comment}", "dim"), soft_wrap=True)


def _outcomes(rows: Sequence[RequestRow]) -> Table:
    table = Table(box=None, pad_edge=False, title="Outcomes", title_justify="left")
    for heading in ("asks", "likes", "grade", "for", "status", "seconds", "cost"):
        right = heading in ("grade", "seconds", "cost")
        table.add_column(heading, justify="right" if right else "left")
    for row in rows:
        table.add_row(
            output.query(row),
            output.plain(str(row.request["interest"])),
            str(row.request["grade_level"]),
            row.modality,
            Text(row.status, output.STYLES.get(row.status, "")),
            output.seconds(row),
            output.dollars(row.cost_usd),
        )
    return table


def _dead_letters(letters: Sequence[DeadLetterRow]) -> Table:
    table = Table(box=None, pad_edge=False, title="Dead letters", title_justify="left")
    for heading in ("id", "stage", "field", "reason"):
        table.add_column(heading, overflow="fold")
    for letter in letters:
        table.add_row(
            str(letter.id),
            letter.stage,
            output.plain(letter.field or ""),
            output.plain(letter.error),
        )
    return table


def _short(path: str) -> str:
    """Return the path relative to the working directory if that is shorter."""
    relative = os.path.relpath(path) if os.path.isabs(path) else path
    return min(relative, path, key=len)


def _command() -> str:
    """Return how to call this program from the working directory."""
    if shutil.which("vividly"):
        return "vividly"
    script = Path(sys.executable).with_name("vividly")
    python = _short(sys.executable)
    return _short(str(script)) if script.exists() else f"{python} -m pipeline"
