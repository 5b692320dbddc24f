"""Stop requests: each ends before its next stage, in whatever job it is being worked on.

What was made so far stays. The message becomes a dead letter, and replaying that reopens the
request where it stopped. A request that has not been received yet is stopped when it comes.
Cancelling twice is the same as once.
"""

from __future__ import annotations

import argparse
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transforms.ledger import CancelState

HELP = "stop requests before their next stage"
EXAMPLES = """examples:
  vividly cancel 123e4567-e89b-12d3-a456-426614174000
  vividly cancel $(vividly status --json | jq -r '.[] | select(.status == "running").request_id')
  vividly dead-letters replay 12       # reopens it; the number is in `dead-letters list`

exit status: 1 if one had already ended and so could not be cancelled
"""
SETTINGS = ["database", "state"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Which requests."""
    parser.add_argument(
        "request_id", nargs="+", type=_request_id, metavar="REQUEST_ID", help="a request's UUID"
    )
    parser.add_argument("--json", action="store_true", help="an array of objects")


def run(chosen: argparse.Namespace) -> int:
    """Cancel, and say of each what it is now."""
    from pipeline.cli import output
    from pipeline.jobs import resources

    with resources.open_ledger(chosen) as ledger:
        states = ledger.cancel(list(dict.fromkeys(chosen.request_id)))
    if chosen.json:
        output.objects(states)
    else:
        for state in states:
            print(f"{state.request_id}: {_said(state)}")
    return 0 if all(state.cancel_requested_at for state in states) else 1


def _request_id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a UUID such as 123e4567-e89b-12d3-a456-426614174000"
        ) from None


def _said(state: CancelState) -> str:
    if state.status == "running":
        return "stops before its next stage"
    if state.status != "cancelled":
        return f"had {state.status} before"
    return "cancelled" if state.received else "not received yet; stops when it is"
