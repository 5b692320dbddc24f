"""Write a report of requests as one HTML page, or print its data as JSON.

The page needs only the artifacts beside it: open it from disk or serve it. `drain` and `batch`
write a report of their own run with `--report FILE`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipeline.settings import whole_number
from pipeline.settings.arguments import add_period, checked
from pipeline.settings.parsers import output_file

HELP = "write a report of requests as one HTML page"
EXAMPLES = """examples:
  vividly report                                 # everything in the ledger
  vividly report --since 24h --output today.html
  vividly report --since 2026-05-01 --until 2026-06-01 --json
"""
SETTINGS = ["database", "state"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the output, the period and the limit."""
    parser.add_argument(
        "--output",
        type=checked(output_file),
        metavar="FILE",
        help="file of the page, or - for standard output [default report.html in --state]",
    )
    add_period(parser, "messages received")
    parser.add_argument(
        "--limit", type=checked(whole_number), default=1000, metavar="N",
        help="newest requests and dead letters shown individually [default 1000]",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the data instead")


def run(chosen: argparse.Namespace) -> int:
    """Write the report or print its data."""
    from pipeline.jobs import resources
    from pipeline.output_file import STDOUT
    from pipeline.report import data, render
    from transforms.ledger.scoped import Scope

    scope = Scope(since=chosen.since, until=chosen.until)
    with resources.open_ledger(chosen, may_create=False) as ledger:
        report = data.gather(ledger, scope, _title(chosen), chosen.limit)
    if chosen.json:
        print(data.as_json(report))
        return 0
    file = Path(chosen.output or Path(chosen.state, "report.html"))
    render.write(report, file)
    if str(file) != STDOUT:
        print(file)
    return 0


def _title(chosen: argparse.Namespace) -> str:
    limits = [
        f"{word} {when:%-d %b %Y %H:%M} UTC"
        for word, when in (("since", chosen.since), ("until", chosen.until))
        if when
    ]
    return f"Requests {' '.join(limits)}" if limits else "All requests"
