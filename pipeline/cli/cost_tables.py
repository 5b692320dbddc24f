"""Print costs and prices as tables or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from pipeline.cli.console import CommandConsole
from pipeline.cli.formats import money
from pipeline.cli.output import print_json
from transforms.ledger import CostRow
from transforms.prices import Price

_AMOUNTS = ("cost_usd", "reuse_saved_usd", "skip_saved_usd")


def costs(rows: Sequence[CostRow], by: str, as_json: bool) -> None:
    """Print costs and savings by group, with their sums."""
    if as_json:
        print_json([asdict(row) | {"reuse_rate": row.reuse_rate} for row in rows])
        return
    table = Table(title=None if rows else "nothing spent yet", box=None, pad_edge=False)
    table.add_column(by)
    headings = ("requests", "done", "reused", "hit rate", "skipped")
    for heading in (*headings, "cost", "reuse saved", "skip saved"):
        table.add_column(heading, justify="right")
    for row in rows:
        rate = f"{row.reuse_rate:.0%}" if row.reuse_rate is not None else ""
        counts = (row.requests, row.done, row.reused, rate, row.skipped)
        amounts = (money(getattr(row, name)) for name in _AMOUNTS)
        table.add_row(Text(row.key), *map(str, counts), *amounts)
    if rows:
        sums = (money(sum(getattr(row, name) for row in rows)) for name in _AMOUNTS)
        table.add_row(Text("together", "bold"), *[""] * len(headings), *sums)
    CommandConsole().print(table)


def prices(table: Mapping[str, Price], as_json: bool) -> None:
    """Print the price table."""
    if as_json:
        print_json([{"sku": sku, **asdict(price)} for sku, price in table.items()])
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
