"""Show the status of requests from the ledger, newest first."""

from __future__ import annotations

import argparse

from pipeline.settings import positive_int
from pipeline.settings.arguments import checked
from pipeline.usage_error import UsageError

HELP = "show the status of requests"
EXAMPLES = """examples:
  vividly status
  vividly status 123e4567-e89b-12d3-a456-426614174000
  vividly status --json --limit 1000
"""
SETTINGS = ["database", "state"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the request id, the limit and the output format."""
    parser.add_argument(
        "request_id", nargs="?", metavar="REQUEST_ID", help="show only this request"
    )
    parser.add_argument(
        "--limit",
        type=checked(positive_int),
        default=50,
        metavar="N",
        help="most rows [default 50]",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON array of objects")


def run(chosen: argparse.Namespace) -> int:
    """Print requests as a table or as JSON.

    Raises:
        UsageError: The request does not exist.
    """
    from pipeline.cli import output
    from pipeline.jobs import resources

    with resources.open_ledger(chosen) as ledger:
        rows = ledger.requests(request_id=chosen.request_id, limit=chosen.limit)
    if chosen.request_id and not rows:
        raise UsageError(f"no request {chosen.request_id} is in the ledger")
    if chosen.request_id:
        output.request(rows[0], as_json=chosen.json)
    else:
        output.requests(rows, as_json=chosen.json)
    return 0
