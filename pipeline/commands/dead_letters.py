"""List, show and replay dead letters: messages that could not be completed, with the reason.

`replay` publishes the original messages again. The ledger claims a replay like any message, so a
completed request is never processed twice.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.settings import positive_int, topic_path
from pipeline.settings.arguments import add_since, checked
from pipeline.usage_error import UsageError

if TYPE_CHECKING:
    from pipeline.jobs.replay import Replayed
    from transforms.ledger import DeadLetterRow, Ledger

HELP = "list, show and replay dead letters"
EXAMPLES = """examples:
  vividly dead-letters list --stage script --since 2h
  vividly dead-letters show 12
  vividly dead-letters replay 12 17
  vividly dead-letters replay --retryable --since 3d --dry-run
"""
SETTINGS = ["database", "state", "project", "topic", "id-label"]

PLACES = ("parse", "claim", "script", "narration", "video", "publish")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the action, the numbers of dead letters and the filters."""
    parser.add_argument(
        "action", choices=("list", "show", "replay"), help="list, show one, or replay"
    )
    number = checked(positive_int)
    parser.add_argument("id", nargs="*", type=number, metavar="ID", help="number of a dead letter")
    parser.add_argument(
        "--limit", type=number, default=50, metavar="N", help="most rows of a list [default 50]"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.add_argument_group("Which dead letters to list or replay")
    chosen.add_argument(
        "--stage", choices=PLACES, metavar="STAGE", help=f"stage that failed: {', '.join(PLACES)}"
    )
    chosen.add_argument(
        "--error", metavar="TEXT", help="text within the error's type, field or message"
    )
    add_since(chosen, "those recorded")
    chosen.add_argument("--retryable", action="store_true", help="only those marked retryable")
    replay = parser.add_argument_group("How to replay")
    replay.add_argument(
        "--dry-run", action="store_true", help="print what would be sent; send nothing"
    )
    replay.add_argument(
        "--again", action="store_true", help="also send messages that may still be in flight"
    )


def run(chosen: argparse.Namespace) -> int:
    """List, show or replay dead letters.

    Raises:
        UsageError: The dead letter does not exist, or the arguments do not fit the action.
    """
    from pipeline.cli import output
    from pipeline.embedded import services
    from pipeline.jobs import resources
    from transforms.ledger.withheld import withhold

    filtered = bool(chosen.stage or chosen.error or chosen.since or chosen.retryable)
    if chosen.action == "list" and chosen.id:
        raise UsageError("`list` takes no numbers; `show` takes the number of a dead letter")
    if chosen.action == "show" and len(chosen.id) != 1:
        raise UsageError("`show` takes the number of a dead letter")
    if chosen.action == "replay" and bool(chosen.id) == filtered:
        raise UsageError(
            "`replay` takes either numbers of dead letters or at least one of --stage, --error, "
            "--since and --retryable"
        )
    services.use_running_pubsub(chosen.state, chosen.project)
    with resources.open_ledger(chosen, may_create=False) as ledger:
        if chosen.action == "list":
            rows = _found(ledger, chosen, chosen.limit + 1)
            shown, more = withhold(ledger, rows[: chosen.limit]), len(rows) > chosen.limit
            output.dead_letters(shown, as_json=chosen.json, more=more)
        elif chosen.action == "show":
            letter = ledger.dead_letter_detail(chosen.id[0])
            if letter is None:
                raise UsageError(f"no dead letter {chosen.id[0]} is in the ledger")
            output.dead_letter(withhold(ledger, [letter])[0], as_json=chosen.json)
        else:
            _replay(ledger, chosen)
    return 0


def _found(ledger: Ledger, chosen: argparse.Namespace, limit: int | None) -> list[DeadLetterRow]:
    return ledger.dead_letters(
        stage=chosen.stage,
        error=chosen.error,
        retryable=True if chosen.retryable else None,
        since=chosen.since,
        limit=limit,
    )


def _replay(ledger: Ledger, chosen: argparse.Namespace) -> None:
    from pipeline.jobs.replay import replay
    from transforms.errors import ConfigurationFault

    numbers = list(dict.fromkeys(chosen.id))
    named = bool(numbers)
    missing = set(numbers) - {state.id for state in ledger.replay_states(numbers)}
    if missing:
        raise UsageError(f"no dead letter {min(missing)} is in the ledger")
    if not named:
        numbers = [row.id for row in reversed(_found(ledger, chosen, limit=None))]
    topic = topic_path(chosen.topic, chosen.project)
    done = []
    try:
        how = (chosen.again, chosen.dry_run, named, chosen.id_label)
        for each in replay(ledger, topic, numbers, *how):
            done.append(each)
            if not chosen.json:
                print(_line(each, topic), flush=True)
    except ConfigurationFault as fault:
        if fault.subject == "pubsub":
            raise UsageError(f"{fault.detail}; check --topic and --project") from fault
        raise
    if chosen.json:
        print(json.dumps([asdict(each) for each in done], indent=2))
    else:
        sent = sum(not each.skipped for each in done)
        verb = "would be replayed" if chosen.dry_run else "replayed"
        print(f"{sent} {verb}, {len(done) - sent} skipped")


def _line(each: Replayed, topic: str) -> str:
    if each.skipped:
        return f"{each.id}: skipped: {each.skipped}"
    request = f"request {each.request_id}" if each.request_id else "no request id"
    if each.message_id:
        return f"{each.id}: replayed as message {each.message_id} ({request})"
    return f"{each.id}: would be sent to {topic} ({request}, {each.size:,} bytes)"
