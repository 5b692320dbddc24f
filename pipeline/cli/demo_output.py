"""Print the progress and the results of `vividly demo`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from pipeline.cli import formats
from pipeline.cli.console import CommandConsole
from transforms.ledger import DeadLetterRow, RequestRow


class DemoOutput:
    """Prints the demo's progress and results to a console."""

    def __init__(self) -> None:
        self.console = CommandConsole()

    def step(self, text: str) -> None:
        """Print what the demo does next, as one line."""
        self.console.print(Text("▸ ", "bold cyan") + Text(text))

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
        console = self.console
        console.print()
        console.print(_outcomes(rows))
        console.print()
        console.print(_dead_letters(letters))
        console.print()
        console.print(
            f"{summary['received']} messages received = {summary['completed']} completed + "
            f"{summary['duplicates']} duplicate + {summary['dead_lettered']} dead-lettered + "
            f"{summary['in_flight']} in flight, in {summary['runtime_seconds']:.0f} s; "
            f"cost {formats.dollars(summary['cost_usd'])}, "
            f"skipped speech and video saved {formats.dollars(summary['cost_saved_usd'])}",
            highlight=False,
        )
        console.print()
        console.print(Text("Open in a browser", "bold"))
        console.print(Text(f"  {report.absolute().as_uri()}"), soft_wrap=True)
        console.print(Text("Watch and read", "bold"))
        for row in rows:
            found = formats.main_artifact(row)
            if found:
                console.print(Text(f"  {_short(found)}"), soft_wrap=True)
        console.print(Text("Look further", "bold"))
        command = _command()
        for what, comment in (
            (f"{command} serve", "ask, watch and replay in a browser"),
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
            formats.query(row),
            formats.plain(str(row.request["interest"])),
            str(row.request["grade_level"]),
            row.modality,
            Text(row.status, formats.STYLES.get(row.status, "")),
            formats.seconds(row),
            formats.dollars(row.cost_usd),
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
            formats.plain(letter.field or ""),
            formats.plain(letter.error),
        )
    return table


def _short(path: str) -> str:
    """Return the path relative to the working directory if that is shorter."""
    relative = os.path.relpath(path) if os.path.isabs(path) else path
    return min(relative, path, key=len)


def _command() -> str:
    """Return the command with which this program is started from the working directory."""
    if shutil.which("vividly"):
        return "vividly"
    script = Path(sys.executable).with_name("vividly")
    python = _short(sys.executable)
    return _short(str(script)) if script.exists() else f"{python} -m pipeline"
