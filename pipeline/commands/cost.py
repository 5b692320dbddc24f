"""Show the costs of stages, and the savings by reused artifacts and skipped stages.

Amounts are list prices in US dollars, from the dated table that `--prices` prints. A stage counts
on the day (UTC) when it ended, in every job and with every outcome of its request.
"""

from __future__ import annotations

import argparse

from pipeline.settings.arguments import add_period

HELP = "show costs and savings"
EXAMPLES = """examples:
  vividly cost --by day --since 7d
  vividly cost --by engine --since 2026-05-01 --until 2026-06-01 --json
  vividly cost --prices
"""
SETTINGS = ["database", "state"]

KEYS = ("stage", "engine", "modality", "day")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the grouping, the period and the output format."""
    parser.add_argument(
        "--by", choices=KEYS, default="stage", help="group rows by this [default stage]"
    )
    add_period(parser, "stages ended")
    parser.add_argument("--prices", action="store_true", help="print the price table instead")
    parser.add_argument("--json", action="store_true", help="print a JSON array of objects")


def run(chosen: argparse.Namespace) -> int:
    """Print costs or prices, as a table or as JSON."""
    from pipeline.cli import cost_tables
    from pipeline.jobs import resources
    from transforms.prices import prices

    if chosen.prices:
        cost_tables.prices(prices(), as_json=chosen.json)
        return 0
    with resources.open_ledger(chosen, may_create=False) as ledger:
        rows = ledger.costs(chosen.by, chosen.since, chosen.until)
    cost_tables.costs(rows, chosen.by, as_json=chosen.json)
    return 0
