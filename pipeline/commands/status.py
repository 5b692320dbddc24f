"""Show the status of requests from the ledger, newest first, and count them.

`--status unsettled` shows those that have not ended, oldest first: running, queued, cancelling and
lapsed ones.

A request is `lapsed` if no worker holds its claim: the worker has died, or handed the request back.
The next delivery of its message takes it over; without one it stays as it is. A request is `queued`
while a streaming job keeps it for its next stage.
"""

from __future__ import annotations

import argparse

from pipeline.settings import positive_int, subscription_path
from pipeline.settings.arguments import add_since, checked
from pipeline.usage_error import UsageError

HELP = "show the status of requests"
EXAMPLES = """examples:
  vividly status
  vividly status 123e4567-e89b-12d3-a456-426614174000
  vividly status --status unsettled
  vividly status --status lapsed
  vividly status --backlog --project my-project --subscription content-requests
  vividly status --student s-17 --since 2h --watch
  vividly status --json --limit 1000
"""
SETTINGS = ["database", "state", "project", "subscription"]

STATUSES = (
    *("unsettled", "running", "queued", "cancelling", "lapsed"),
    *("completed", "failed", "cancelled", "needs_care"),
)
STAGES = ("claim", "script", "narration", "video", "publish", "dead_letters")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the request id, the limit and the output format."""
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
    parser.add_argument(
        "--watch", action="store_true", help="show changes every two seconds, until Ctrl-C"
    )
    parser.add_argument(
        "--backlog",
        action="store_true",
        help="show instead how many messages of --subscription are unacknowledged, and since when",
    )
    which = parser.add_argument_group("Which requests to show")
    which.add_argument(
        "--status", choices=STATUSES, metavar="STATUS", help=f"status: {', '.join(STATUSES)}"
    )
    which.add_argument("--student", metavar="STUDENT_ID", help="only those of this student")
    which.add_argument(
        "--stage",
        choices=STAGES,
        metavar="STAGE",
        help=f"stage that they are in, or ended in: {', '.join(STAGES)}",
    )
    add_since(which, "requests created")


def run(chosen: argparse.Namespace) -> int:
    """Print requests as a table with counts, or as JSON.

    Raises:
        UsageError: The request does not exist, or the options do not fit together.
    """
    from pipeline.cli import output, request_tables
    from pipeline.jobs import resources
    from transforms.ledger.reads import UNSETTLED

    if chosen.watch and chosen.json:
        raise UsageError("--watch prints tables; leave out --json")
    filters = {
        "request_id": chosen.request_id,
        "status": chosen.status,
        "student": chosen.student,
        "stage": chosen.stage,
        "since": chosen.since,
    }
    if chosen.request_id and any(value for name, value in filters.items() if name != "request_id"):
        raise UsageError("give either a request id or filters")
    if chosen.backlog:
        from pipeline.jobs.backlog import read_backlog

        if chosen.request_id or chosen.watch:
            raise UsageError("--backlog goes with no request id and not with --watch")
        name = subscription_path(chosen.subscription, chosen.project)
        output.backlog(name, read_backlog(name), as_json=chosen.json)
        return 0
    order = "oldest" if chosen.status == UNSETTLED else "newest"
    with resources.open_ledger(chosen, may_create=False) as ledger:
        if chosen.watch:
            request_tables.watch_requests(
                lambda: (
                    ledger.requests(limit=chosen.limit, **filters),
                    ledger.request_counts(**filters),
                ),
                order,
            )
            return 0
        rows = ledger.requests(limit=chosen.limit, **filters)
        if chosen.request_id and not rows:
            raise UsageError(f"no request {chosen.request_id} is in the ledger")
        if chosen.request_id:
            output.request(rows[0], as_json=chosen.json)
        else:
            counts = None if chosen.json else ledger.request_counts(**filters)
            request_tables.requests(rows, as_json=chosen.json, counts=counts, order=order)
    return 0
