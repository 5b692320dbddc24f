"""Migrate the ledger's schema, or print its revision."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from pipeline.usage_error import UsageError

HELP = "migrate the ledger's schema"
EXAMPLES = """examples:
  vividly db upgrade --database postgresql://vividly@10.0.0.5/vividly
  vividly db current --json --database postgresql://vividly@10.0.0.5/vividly
"""
SETTINGS = ["database"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the action and the output format."""
    parser.add_argument(
        "action", choices=("upgrade", "current"), help="migrate the schema, or print its revision"
    )
    parser.add_argument(
        "--json", action="store_true", help="print a JSON object: server, revision, head"
    )


def run(chosen: argparse.Namespace) -> int:
    """Migrate to this release's schema, or print the current revision.

    Raises:
        UsageError: `--database` is missing.
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
