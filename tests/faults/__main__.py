"""Run fault campaigns: kill drain workers at every named point and at random moments.

Meanwhile servers are restarted and frozen, networks cut, grants revoked, folders filled.

python -m tests.faults --requests 600 --kills 200
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from pipeline.exit_status import TERMINATED
from tests import pgbouncer, tmpfs
from tests.faults.campaign import Campaign, Report
from tests.faults.inject import POINTS
from tests.faults.outages import opened


def main() -> int:
    """Run campaigns; return 0 if every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--requests", type=int, default=600, help="least number of messages to publish"
    )
    parser.add_argument("--kills", type=int, default=200, help="least number of kills")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument(
        "--store", choices=("local", "cloud"), help="kind of artifact store (default: both)"
    )
    parser.add_argument(
        "--no-media", action="store_true", help="skip the points of narration and video"
    )
    parser.add_argument(
        "--pooler", action="store_true", help="reach Postgres through PgBouncer, if installed"
    )
    parser.add_argument("--logs", type=Path, help="folder for the workers' logs")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # not without cleaning up
    for reason in filter(None, (tmpfs.missing(), chosen.pooler and pgbouncer.missing())):
        print(f"SKIPPED: {reason}", flush=True)
    if chosen.pooler and pgbouncer.missing():
        return 0
    stores = [chosen.store] if chosen.store else ["local", "cloud"]
    return max(_campaign(chosen, store, len(stores)) for store in stores)


def _campaign(chosen: argparse.Namespace, store: str, parts: int) -> int:
    print(f"store {store}, seed {chosen.seed}", flush=True)
    chance = random.Random(chosen.seed)
    points = [
        point
        for point, kind in POINTS.items()
        if not (chosen.no_media and kind in ("audio", "video"))
    ]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vividly-faults-") as temporary:
        folder = Path(temporary)
        logs = (chosen.logs or folder) / store
        logs.mkdir(parents=True)
        with opened(folder, store == "cloud", chance, chosen.pooler) as (place, faults):
            campaign = Campaign(
                place, faults, logs, chance, points, lambda line: print(line, flush=True)
            )
            report = campaign.run(chosen.requests // parts, chosen.kills // parts)
    _show(report, store, chosen.seed, time.monotonic() - started)
    return 1 if report.problems else 0


def _show(report: Report, store: str, seed: int, seconds: float) -> None:
    width = max(map(len, (*report.kills, *report.faults)))
    for point, count in sorted(report.kills.items()):
        print(f"  {point:<{width}}  {count:>4} killed")
    for fault, count in sorted(report.faults.items()):
        print(f"  {fault:<{width}}  {count:>4} times")
    print(
        f"store {store}, seed {seed}: {report.requests} messages, {sum(report.kills.values())} "
        f"kills, {report.engine_calls} engine calls ({report.needed} needed, {report.allowed} "
        f"allowed), {seconds:.0f} s"
    )
    for problem in report.problems:
        print(f"BROKEN: {problem}")
    print("every promise was kept" if not report.problems else f"{len(report.problems)} broken")


if __name__ == "__main__":
    sys.exit(main())
