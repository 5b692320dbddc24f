"""Export or erase everything that is kept of one student.

`export` writes the student's requests, lessons and dead letters into a new folder. `erase` cancels
what is in work and removes the student's id and words from the ledger, the artifacts and the caches
of this machine; counts and costs stay. Messages of erased requests that are delivered again end as
duplicates. An interrupted erasure is continued by running it again. Both are recorded, without
anything about the student. Run them as the owner of the ledger's tables.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.exit_status import FAILED, OK
from pipeline.settings import seconds
from pipeline.settings.arguments import checked, parse_age
from pipeline.usage_error import UsageError

if TYPE_CHECKING:
    from pipeline.students.erase import Erased
    from transforms.ledger import Ledger

HELP = "export or erase what is kept of a student"
EXAMPLES = """examples:
  vividly students export s-4711 --output s-4711 --reference TICKET-12
  vividly students erase s-4711 --dry-run
  vividly students erase s-4711 --reference TICKET-13

exit status: 1 if requests are left because workers still process them; run it again then
"""
SETTINGS = ["database", "state", "artifacts", "segment-cache", "queue-lease"]

TIMEOUT = 600.0
"""Seconds for one statement; a search through unreadable dead letters reads all of them."""

MESSAGES, BACKUPS, SOFT_DELETE = timedelta(days=31), timedelta(days=14), timedelta(days=7)
MAX_STUDENT = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the action, the student and the actions' options."""
    parser.add_argument("action", choices=("export", "erase"), help="export, or erase")
    parser.add_argument(
        "id", type=checked(_student_id), metavar="ID", help="the student's id, as published"
    )
    parser.add_argument(
        "--reference", metavar="TEXT",
        help="reason for the log, such as the number of a ticket; nothing that identifies the "
        "student",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    export = parser.add_argument_group("How to export")
    export.add_argument("--output", type=Path, metavar="DIR", help="new folder for the export")
    erase = parser.add_argument_group("How to erase")
    erase.add_argument(
        "--dry-run", action="store_true", help="count what would be erased; change nothing"
    )
    erase.add_argument(
        "--wait", type=checked(seconds), default=120.0, metavar="SECONDS",
        help="how long to wait for workers that process a request of the student [default 120]",
    )  # fmt: skip
    for option, default, kept in (
        ("--message-retention", MESSAGES, "a topic, subscription or snapshot keeps messages"),
        ("--backup-retention", BACKUPS, "backups and the write-ahead log of Postgres are kept"),
        ("--soft-delete", SOFT_DELETE, "the bucket keeps deleted files"),
    ):
        erase.add_argument(
            option, type=parse_age, default=default, metavar="AGE",
            help=f"how long {kept} [default {default.days}d]",
        )  # fmt: skip


def run(chosen: argparse.Namespace) -> int:
    """Export or erase the data of one student.

    Raises:
        UsageError: The options do not fit the action.
    """
    from pipeline.jobs import resources

    if chosen.action == "export" and (not chosen.output or chosen.dry_run):
        raise UsageError("`export` takes --output, and no --dry-run")
    if chosen.action == "erase" and chosen.output:
        raise UsageError("--output is an option of `export`")
    with resources.open_ledger(chosen, may_create=False) as ledger:
        patient = replace(ledger, timeout=TIMEOUT)
        try:
            return (_export if chosen.action == "export" else _erase)(patient, chosen)
        finally:
            patient.close()


def _export(ledger: Ledger, chosen: argparse.Namespace) -> int:
    from pipeline.jobs.resources import artifact_store
    from pipeline.students.actor import actor
    from pipeline.students.export import export
    from transforms.ledger import privacy_log

    entry = privacy_log.begin(ledger, "export", actor(), chosen.reference)
    counts = export(ledger, artifact_store(chosen), chosen.id, chosen.output)
    privacy_log.finish(ledger, entry, counts)
    text = f"{_counted(counts)} written to {chosen.output}"
    print(json.dumps(dict(counts), indent=2) if chosen.json else text)
    return OK


def _erase(ledger: Ledger, chosen: argparse.Namespace) -> int:
    from pipeline.jobs.resources import artifact_store
    from pipeline.students.actor import actor
    from pipeline.students.erase import erase, preview
    from transforms.ledger import privacy_log
    from transforms.video.encode.segment_cache import SegmentCache, default_folder

    store = artifact_store(chosen)
    if chosen.dry_run:
        _report(preview(ledger, store, chosen.id), chosen, "would be erased")
        return OK
    cache = SegmentCache(Path(chosen.segment_cache or default_folder()), max_bytes=0)
    hold = chosen.message_retention + timedelta(seconds=chosen.queue_lease)
    entry = privacy_log.begin(ledger, "erase", actor(), chosen.reference)
    done = erase(ledger, store, cache, chosen.id, hold, chosen.wait)
    counts = {name: getattr(done, name) for name in ("requests", "dead_letters", "files", "live")}
    privacy_log.finish(ledger, entry, counts)
    _report(done, chosen, "erased")
    return FAILED if done.live else OK


def _report(done: Erased, chosen: argparse.Namespace, verb: str) -> None:
    from pipeline.students.beyond_reach import beyond_reach

    places = list(
        beyond_reach(
            datetime.now(UTC),
            chosen.message_retention,
            chosen.backup_retention,
            chosen.soft_delete,
            timedelta(seconds=chosen.queue_lease),
        )
    )
    if chosen.json:
        found = {**asdict(done), "beyond_reach": [asdict(place) for place in places]}
        print(json.dumps(found, indent=2, default=str))
        return
    counts = {name: getattr(done, name) for name in ("requests", "dead_letters", "files")}
    print(f"{_counted(counts)} {verb}")
    if done.segments:
        print(f"{done.segments:,} rendered scenes removed from the cache of this machine")
    if done.live:
        until = f"; their leases end by {_clock(done.live_until)}" if done.live_until else ""
        which = "requests are" if done.live > 1 else "request is"
        print(f"{done.live:,} {which} in work and will be cancelled{until}: run this again then")
    if done.sweep_at:
        print(f"Run this again after {_clock(done.sweep_at)}, for files that late workers write")
    print("Not reachable from here, and gone by then unless more is published:")
    for place in places:
        print(f"  {place.gone_by}  {place.what}")
    print(
        "Run this again once the subscription is empty, if the student's messages may wait there."
    )
    print("Delete reports that were written, and caches of other machines, where they are.")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items())


def _clock(when: datetime) -> str:
    return when.astimezone().strftime("%Y-%m-%d %H:%M")


def _student_id(text: str) -> str:
    student = text.strip()
    if not student or len(student) > MAX_STUDENT or not student.isprintable():
        raise ValueError(f"must be a student's id: 1 to {MAX_STUDENT} printable characters")
    return student
