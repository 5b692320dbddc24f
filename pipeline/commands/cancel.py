"""Cancel requests; each ends before its next stage, in any job.

Artifacts made so far stay. The message becomes a dead letter, and replaying that resumes the
request. A request that has not been received yet is cancelled when it arrives. Cancelling is
idempotent.
"""

from __future__ import annotations

import argparse
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transforms.ledger import CancelState

HELP = "cancel requests before their next stage"
EXAMPLES = """examples:
  vividly cancel 123e4567-e89b-12d3-a456-426614174000
  vividly cancel $(vividly status --json | jq -r '.[] | select(.status == "running").request_id')
  vividly dead-letters replay 12       # reopens it; the number is in `dead-letters list`

exit status: 1 if a request had already ended and could not be cancelled
"""
SETTINGS = ["database", "state"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the request ids and the output format."""
    parser.add_argument(
        "request_id", nargs="+", type=_request_id, metavar="REQUEST_ID", help="a request's UUID"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON array of objects")


def run(chosen: argparse.Namespace) -> int:
    """Cancel the requests and print the state of each."""
    from pipeline.cli import output
    from pipeline.jobs import resources

    with resources.open_ledger(chosen, may_create=False) as ledger:
        states = ledger.cancel(list(dict.fromkeys(chosen.request_id)))
    if chosen.json:
        output.objects(states)
    else:
        for state in states:
            print(f"{state.request_id}: {_describe(state)}")
    return 0 if all(state.cancel_requested_at for state in states) else 1


def _request_id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a UUID such as 123e4567-e89b-12d3-a456-426614174000"
        ) from None


def _describe(state: CancelState) -> str:
    if state.status == "running":
        return "stops before its next stage"
    if state.status != "cancelled":
        return f"not cancelled: {state.status} already"
    return "cancelled" if state.received else "not received yet; will be cancelled on arrival"
