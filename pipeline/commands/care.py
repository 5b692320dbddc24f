"""List students who need care, and read what they wrote.

`list` shows what was found, and whether staff were told; it shows no words. `read` prints the words
of one request for staff who are authorised to read them, and records who read them and why. Run it
as a role that may read the table `care_words`, such as its owner; the role of a job may not.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING
from uuid import UUID

from pipeline.settings import positive_int
from pipeline.settings.arguments import add_since, checked
from pipeline.usage_error import UsageError

if TYPE_CHECKING:
    from transforms.ledger import Ledger

HELP = "list students who need care, and read what they wrote"
EXAMPLES = """examples:
  vividly care list --since 7d
  vividly care read 123e4567-e89b-12d3-a456-426614174000 --reference TICKET-14
"""
SETTINGS = ["database", "state"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the action, the request and the filters."""
    parser.add_argument(
        "action", choices=("list", "read"), help="list all, or read the words of one"
    )
    parser.add_argument("request_id", nargs="?", metavar="REQUEST_ID", help="request to read")
    parser.add_argument(
        "--reference", metavar="TEXT",
        help="reason for the log, such as the number of a ticket; required by `read`",
    )  # fmt: skip
    parser.add_argument(
        "--limit", type=checked(positive_int), default=50, metavar="N",
        help="most rows of a list [default 50]",
    )  # fmt: skip
    add_since(parser, "those noticed")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(chosen: argparse.Namespace) -> int:
    """List students who need care, or print one student's words after logging the access.

    Raises:
        UsageError: The options do not fit the action, or nothing is kept of the request.
    """
    from pipeline.jobs import resources

    if chosen.action == "read" and not (chosen.request_id and chosen.reference):
        raise UsageError("`read` takes the id of a request and --reference")
    if chosen.action == "list" and (chosen.request_id or chosen.reference):
        raise UsageError("`list` takes no request and no --reference")
    with resources.open_ledger(chosen, may_create=False) as ledger:
        if chosen.action == "read":
            _read(ledger, chosen)
        else:
            _list(ledger, chosen)
    return 0


def _list(ledger: Ledger, chosen: argparse.Namespace) -> None:
    from pipeline.cli import output
    from transforms.ledger import care

    rows = care.rows(ledger, chosen.since, chosen.limit + 1)
    shown, more = rows[: chosen.limit], len(rows) > chosen.limit
    output.care(shown, as_json=chosen.json, more=more)


def _read(ledger: Ledger, chosen: argparse.Namespace) -> None:
    import json

    from pipeline.cli import output
    from pipeline.students.actor import actor
    from transforms.ledger import care, privacy_log

    request_id = _uuid(chosen.request_id)
    action = f"care read {request_id}"
    entry = privacy_log.begin(ledger, action, actor(), chosen.reference)
    found = care.words(ledger, request_id)
    privacy_log.finish(ledger, entry, {"read": int(found is not None)})
    if found is None:
        raise UsageError(f"no words of request {request_id} are kept")
    student, words = found
    if chosen.json:
        print(json.dumps({"request_id": request_id, "student_id": student, "words": words}))
        return
    output.fields({"request": request_id, "student": student, "words": words})


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise UsageError("REQUEST_ID must be a UUID") from None
