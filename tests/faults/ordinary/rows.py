"""Try ordinary faults on a checkout, and print a red or green line for each row.

The rows: 1 network cut for 78 s, 2 connected again, 3 sick worker, 4 missing grants, 5 work left
over, 6 equal failures, 7 PgBouncer, 8 ordering keys with exactly-once delivery, 9 two drains share
a backlog, 10 stop while something hangs, 11 abandoned request, 12 large ledger, 13 messages without
an id. Everything is real: a proxy, a tmpfs, roles, a pooler, signals; the commands are those of the
checkout, run by its own interpreter. What this machine lacks is skipped with the reason.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from pipeline.exit_status import TERMINATED
from tests.faults.ordinary import ledger_checks, pubsub_checks, worker_checks
from tests.faults.ordinary.bench import Bench
from tests.faults.ordinary.checkout import Checkout
from tests.faults.ordinary.finding import Check, Finding, findings, line

CHECKS = (
    Check((1, 2), pubsub_checks.network_cut, 480),
    Check((3,), worker_checks.sick_worker, 300),
    Check((4,), ledger_checks.revoked_grants, 120),
    Check((5,), worker_checks.left_over, 180),
    Check((6,), worker_checks.equal_failures, 90),
    Check((7,), ledger_checks.pooler, 180),
    Check((8,), pubsub_checks.ordered_and_exactly_once, 240),
    Check((9,), pubsub_checks.shared_backlog, 700),
    Check((10,), pubsub_checks.stop_without_pubsub, 180),
    Check((10,), ledger_checks.stop_with_frozen_postgres, 180),
    Check((10,), worker_checks.stop_without_input, 90),
    Check((11,), ledger_checks.abandoned_request, 150),
    Check((12,), ledger_checks.large_ledger, 420),
    Check((13,), pubsub_checks.missing_message_id, 120),
)
ROOT = Path(__file__).parents[3]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks; return 0 if no row is red."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.ordinary",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--checkout", type=Path, default=ROOT, help="folder [default this one]")
    parser.add_argument(
        "--python", type=Path, help="interpreter with the checkout's dependencies [default its own]"
    )
    parser.add_argument(
        "--rows", type=int, nargs="+", choices=range(1, 14), metavar="N", help="only these rows"
    )
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # not without cleaning up
    folder = chosen.checkout.absolute()
    python = chosen.python or folder / ".venv/bin/python"
    if not python.exists():
        parser.error(f"{python} does not exist: run `make setup` there, or give --python")
    wanted = set(chosen.rows or range(1, 14))
    return _try(Checkout(folder, python.absolute()), wanted)


def _try(checkout: Checkout, wanted: set[int]) -> int:
    found: dict[int, list[Finding]] = defaultdict(list)
    checks = [check for check in CHECKS if wanted & set(check.rows)]
    with (
        tempfile.TemporaryDirectory(prefix="vividly-ordinary-") as folder,
        Bench(checkout, Path(folder)) as bench,
    ):
        for number, check in enumerate(checks):
            for finding in findings(check, bench):
                found[finding.row].append(finding)
            to_come = {row for each in checks[number + 1 :] for row in each.rows}
            for row in sorted(set(check.rows) & wanted - to_come):
                print(line(row, found[row]), flush=True)
    red = [row for row in sorted(wanted) if any(each.passed is False for each in found[row])]
    print(f"red: {', '.join(map(str, red))}" if red else "no row is red")
    return 1 if red else 0
