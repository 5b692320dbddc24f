"""Migrate the ledger's schema, print its revision, or remove old requests.

`prune` removes requests that ended long ago, with their messages, stages, calls and dead letters;
their counts and costs are kept by hour, so that totals and costs stay. Requests in progress and
requests with a message in flight are kept. It also removes what `vividly students erase` has left
to recognize messages that can no longer be delivered, and stored answers of paid calls in
`--artifacts` that no finished request has deleted. An interrupted run is continued by the next.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict

from pipeline.settings.arguments import parse_age
from pipeline.usage_error import UsageError

HELP = "migrate the ledger's schema, or remove old requests"
EXAMPLES = """examples:
  vividly db upgrade --database postgresql://vividly@10.0.0.5/vividly --grant-to jobs
  vividly db current --json --database postgresql://vividly@10.0.0.5/vividly
  vividly db prune --completed 90d --failed 180d --care 60d --dry-run
"""
SETTINGS = ["database", "artifacts"]

PRUNE_TIMEOUT = 600.0
"""Seconds for one statement of `prune`; a search for old rows may read a whole table."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the action, the output format and the ages."""
    parser.add_argument(
        "action",
        choices=("upgrade", "current", "prune"),
        help="migrate the schema, print its revision, or remove old requests",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print a JSON object: server, revision, head; or the numbers of rows removed",
    )
    parser.add_argument(
        "--grant-to",
        metavar="ROLE",
        help="after `upgrade`, grant this role of Postgres the rights of a job, and no others",
    )
    prune = parser.add_argument_group("What to prune")
    prune.add_argument(
        "--completed",
        type=parse_age,
        metavar="AGE",
        help="requests completed longer ago than this: 90d, 26w, …",
    )
    prune.add_argument(
        "--failed",
        type=parse_age,
        metavar="AGE",
        help="requests failed or cancelled, and unreadable messages, longer ago than this",
    )
    prune.add_argument(
        "--care",
        type=parse_age,
        metavar="AGE",
        help="what was recorded longer ago than this because a student needs care",
    )
    prune.add_argument(
        "--dry-run", action="store_true", help="count what would be removed; remove nothing"
    )


def run(chosen: argparse.Namespace) -> int:
    """Migrate to this release's schema, print the current revision, or remove old requests.

    Raises:
        UsageError: `--database` is missing, or the options do not fit the action.
    """
    from transforms.ledger import Ledger, upgrade

    if not chosen.database:
        raise UsageError(
            "--database (or VIVIDLY_DATABASE) is required; an embedded Postgres is migrated by "
            "the command that starts it"
        )
    if chosen.grant_to and chosen.action != "upgrade":
        raise UsageError("--grant-to is an option of `upgrade`")
    ages = chosen.completed or chosen.failed or chosen.care
    if chosen.action == "prune":
        if not ages:
            raise UsageError("`prune` takes at least one of --completed, --failed and --care")
        _prune(chosen)
        return 0
    if ages or chosen.dry_run:
        raise UsageError("--completed, --failed, --care and --dry-run are options of `prune`")
    if chosen.action == "upgrade":
        upgrade(chosen.database)
    if chosen.grant_to:
        Ledger(chosen.database).grant(chosen.grant_to)
    found = Ledger(chosen.database).check()
    if chosen.json:
        print(json.dumps(asdict(found), indent=2))
    else:
        print(found.revision or "no tables")
    return 0


def _prune(chosen: argparse.Namespace) -> None:
    """Remove old requests and stored answers, and print the numbers of rows."""
    from transforms.artifacts import ArtifactStore
    from transforms.artifacts.parts import Parts
    from transforms.artifacts.shared import SharedResults
    from transforms.ledger import Ledger, Pruned, tombstones

    Ledger(chosen.database).check()  # an unreachable server fails now, not after the long timeout
    ledger = Ledger(chosen.database, timeout=PRUNE_TIMEOUT)
    ages = (chosen.completed, chosen.failed)
    if chosen.dry_run:
        old = ledger.prunable(*ages, needs_care=chosen.care)
        text = (
            f"{old.requests:,} requests with their messages, stages, calls and dead letters, and "
            f"{old.messages:,} other messages would be removed"
        )
        print(json.dumps(asdict(old), indent=2) if chosen.json else text)
        return
    total = Counter[str](asdict(Pruned(0, 0, 0, 0)))
    for batch in ledger.prune(*ages, needs_care=chosen.care):
        total.update(asdict(batch))
    total["tombstones"] = tombstones.expire(ledger)
    store = ArtifactStore(chosen.artifacts)
    Parts(store).sweep()
    SharedResults(store).sweep()
    rows = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in total.items())
    print(json.dumps(total, indent=2) if chosen.json else f"{rows} removed")
