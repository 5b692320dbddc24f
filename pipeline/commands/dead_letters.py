"""The messages that could not be completed, with the reason; nothing that was received is lost.

`replay` publishes their original messages once more. The ledger decides what becomes of those, as
it does for any message, so a request is never done twice, however often it is replayed.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.settings import topic_path
from pipeline.settings.arguments import parse_moment
from pipeline.usage_error import UsageError

if TYPE_CHECKING:
    from pipeline.jobs.replay import Replayed
    from transforms.ledger import DeadLetterRow, Ledger

HELP = "list, show and replay the messages that could not be completed"
EXAMPLES = """examples:
  vividly dead-letters list --stage script --since 2h
  vividly dead-letters show 12
  vividly dead-letters replay 12 17
  vividly dead-letters replay --retryable --since 3d --dry-run
"""
SETTINGS = ["database", "state", "project", "topic", "id-label"]

PLACES = ("parse", "claim", "script", "narration", "video", "publish")


def configure(parser: argparse.ArgumentParser) -> None:
    """`list`, `show` with the number of one, or `replay` with numbers or filters."""
    parser.add_argument("action", choices=("list", "show", "replay"), help="what to do")
    parser.add_argument("id", nargs="*", type=int, metavar="ID", help="number of a dead letter")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="list at most [50]")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    chosen = parser.add_argument_group("Which dead letters to list or replay")
    chosen.add_argument(
        "--stage", choices=PLACES, metavar="STAGE", help=f"where it failed: {', '.join(PLACES)}"
    )
    chosen.add_argument("--error", metavar="TEXT", help="part of the error's type, field or text")
    chosen.add_argument(
        "--since",
        type=parse_moment,
        metavar="WHEN",
        help="recorded since then: ISO 8601, or 2h, 3d, …",
    )
    chosen.add_argument(
        "--retryable", action="store_true", help="only those that a replay alone may help"
    )
    replay = parser.add_argument_group("How to replay")
    replay.add_argument("--dry-run", action="store_true", help="only say what would be sent")
    replay.add_argument(
        "--again", action="store_true", help="send also what may still be under way"
    )


def run(chosen: argparse.Namespace) -> int:
    """Print a table, one dead letter, what was replayed, or any of them as JSON.

    Raises:
        UsageError: there is no such dead letter, or none was chosen.
    """
    from pipeline.cli import output
    from pipeline.jobs import resources

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
    with resources.open_ledger(chosen) as ledger:
        if chosen.action == "list":
            output.dead_letters(_found(ledger, chosen, chosen.limit), as_json=chosen.json)
        elif chosen.action == "show":
            letter = ledger.dead_letter_detail(chosen.id[0])
            if letter is None:
                raise UsageError(f"no dead letter {chosen.id[0]} is in the ledger")
            output.dead_letter(letter, as_json=chosen.json)
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
    from transforms.errors import DependencyDown

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
    except DependencyDown as down:
        if _refused(down):
            raise UsageError(f"{down.detail} (check --topic and --project)") from down
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


def _refused(down: Exception) -> bool:
    """Whether the topic is to blame, and not the service."""
    from google.api_core import exceptions

    return isinstance(down.__cause__, (exceptions.NotFound, exceptions.PermissionDenied))
