"""The ledger's tables: bring them up to date, or say how far they are."""

from __future__ import annotations

import argparse

from pipeline.errors import UsageError

HELP = "migrate the ledger's tables"
EXAMPLES = """examples:
  vividly db upgrade --database postgresql://vividly@10.0.0.5/vividly
  vividly db current
"""
SETTINGS = ["database"]


def configure(parser: argparse.ArgumentParser) -> None:
    """What to do."""
    parser.add_argument("action", choices=("upgrade", "current"))


def run(chosen: argparse.Namespace) -> int:
    """Migrate to this release's schema, or print the migration the database is at.

    Raises:
        UsageError: no database is named.
    """
    from transforms.ledger import current, upgrade

    if not chosen.database:
        raise UsageError(
            "--database (or VIVIDLY_DATABASE) is required; an embedded Postgres is migrated by "
            "the command that starts it"
        )
    if chosen.action == "upgrade":
        upgrade(chosen.database)
    print(current(chosen.database) or "no tables")
    return 0
