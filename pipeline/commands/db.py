"""The ledger's tables: bring them up to date, or say how far they are."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from pipeline.usage_error import UsageError

HELP = "migrate the ledger's tables"
EXAMPLES = """examples:
  vividly db upgrade --database postgresql://vividly@10.0.0.5/vividly
  vividly db current --json --database postgresql://vividly@10.0.0.5/vividly
"""
SETTINGS = ["database"]


def configure(parser: argparse.ArgumentParser) -> None:
    """What to do."""
    parser.add_argument(
        "action", choices=("upgrade", "current"), help="migrate, or say how far the tables are"
    )
    parser.add_argument("--json", action="store_true", help="an object: server, revision, head")


def run(chosen: argparse.Namespace) -> int:
    """Migrate to this release's schema, or print the migration the database is at.

    Raises:
        UsageError: no database is named.
    """
    from transforms.ledger import Ledger, upgrade

    if not chosen.database:
        raise UsageError(
            "--database (or VIVIDLY_DATABASE) is required; an embedded Postgres is migrated by "
            "the command that starts it"
        )
    if chosen.action == "upgrade":
        upgrade(chosen.database)
    found = Ledger(chosen.database).check()
    if chosen.json:
        print(json.dumps(asdict(found), indent=2))
    else:
        print(found.revision or "no tables")
    return 0
