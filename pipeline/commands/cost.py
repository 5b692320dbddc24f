"""What the stages have cost, and what was saved: by reusing results, and by not running stages.

Amounts are list prices in US dollars, from the dated table that `--prices` prints. They count on
the day (UTC) when a stage ended, whoever worked on it and whatever became of its request.
"""

from __future__ import annotations

import argparse

from pipeline.settings.arguments import parse_moment

HELP = "show what was spent and saved"
EXAMPLES = """examples:
  vividly cost --by day --since 7d
  vividly cost --by engine --since 2026-05-01 --until 2026-06-01 --json
  vividly cost --prices
"""
SETTINGS = ["database", "state"]

KEYS = ("stage", "engine", "modality", "day")


def configure(parser: argparse.ArgumentParser) -> None:
    """From when, and by what."""
    parser.add_argument("--by", choices=KEYS, default="stage", help="a row for each [stage]")
    parser.add_argument(
        "--since",
        type=parse_moment,
        metavar="WHEN",
        help="ended since then: ISO 8601, or 2h, 3d, …",
    )
    parser.add_argument("--until", type=parse_moment, metavar="WHEN", help="ended before then")
    parser.add_argument("--prices", action="store_true", help="show the price table instead")
    parser.add_argument("--json", action="store_true", help="an array of objects")


def run(chosen: argparse.Namespace) -> int:
    """Print a table, or JSON."""
    from pipeline.cli import output
    from pipeline.jobs import resources
    from transforms.prices import prices

    if chosen.prices:
        output.prices(prices(), as_json=chosen.json)
        return 0
    with resources.open_ledger(chosen) as ledger:
        rows = ledger.costs(chosen.by, chosen.since, chosen.until)
    output.costs(rows, chosen.by, as_json=chosen.json)
    return 0
