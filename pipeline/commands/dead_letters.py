"""The messages that could not be completed, with the reason; nothing that was received is lost."""

from __future__ import annotations

import argparse

from pipeline.errors import UsageError

HELP = "list and show the messages that could not be completed"
EXAMPLES = """examples:
  vividly dead-letters list
  vividly dead-letters show 12
  vividly dead-letters list --json
"""
SETTINGS = ["database", "state"]


def configure(parser: argparse.ArgumentParser) -> None:
    """`list`, or `show` with the number of one."""
    parser.add_argument("action", choices=("list", "show"))
    parser.add_argument("id", nargs="?", type=int, metavar="ID", help="number of a dead letter")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="at most [default 50]")
    parser.add_argument("--json", action="store_true", help="machine-readable")


def run(chosen: argparse.Namespace) -> int:
    """Print a table, one dead letter, or JSON.

    Raises:
        UsageError: there is no such dead letter.
    """
    from pipeline import services, tables

    if (chosen.action == "show") != (chosen.id is not None):
        raise UsageError("`show` takes the number of a dead letter, `list` takes none")
    with services.open_ledger(chosen) as ledger:
        if chosen.action == "list":
            tables.dead_letters(ledger.dead_letters(limit=chosen.limit), as_json=chosen.json)
            return 0
        found = ledger.dead_letter_detail(chosen.id)
    if found is None:
        raise UsageError(f"no dead letter {chosen.id} is in the ledger")
    tables.dead_letter(found, as_json=chosen.json)
    return 0
