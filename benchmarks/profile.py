"""Profile a batch of text requests by parts of the pipeline, with a stub engine.

python -m benchmarks.profile [--requests 4000]

It samples the thread that holds the interpreter's lock (py-spy, 500 times a second), and prints
each part as a share of the samples taken while requests are processed. The shares hardly depend on
the load of the machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.jobs import Place, place

PARTS = (
    ("log lines", "logging/__init__.py"),
    ("ledger: JSON for statements, their answers", "transforms/ledger/"),
    ("artifacts: checksums, files, waiting for syncs", "transforms/artifacts/"),
    ("parse: in the graph, and before it to separate light from heavy", "transforms/parse.py"),
    ("Beam: building the bundle processors of a run", "BundleProcessor.__init__"),
    ("claim, script, record, manifest: the rest", "transforms/batch_dofn.py"),
    ("claim, script, record, manifest: the rest", "transforms/process/thread_pool.py"),
    ("Beam: coders, state, timers, counters, starting and ending bundles", "apache_beam/"),
)
"""Parts with a mark each; a sample belongs to the first part whose mark is in one of its frames."""

WORKING = (
    "pipeline/jobs/scheduler.py",
    "transforms/process/thread_pool.py",
    "pipeline/jobs/batch.py",
)
"""Files in the frames of every thread that processes requests; other samples are of the start."""


def stacks(at: Place, requests: int) -> Iterator[tuple[str, int]]:
    """Yield stacks (frames from the outermost, joined by semicolons) with their sample counts."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "stacks"
        sampler = Path(sys.executable).with_name("py-spy")
        record = ("record", "--gil", "--rate=500", "--format=raw", f"--output={raw}", "--")
        at.batch(requests, under=(str(sampler), *record))
        for line in raw.read_text().splitlines():
            frames, _, times = line.rpartition(" ")
            yield frames, int(times)


def main() -> None:
    """Print the shares, largest first."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=4000)
    chosen = parser.parse_args()
    shares: Counter[str] = Counter()
    with place() as at:
        for frames, times in stacks(at, chosen.requests):
            if any(mark in frames for mark in WORKING):
                part = next((part for part, mark in PARTS if mark in frames), "everything else")
                shares[part] += times
    for part, times in shares.most_common():
        print(f"{times / shares.total():6.1%}  {part}")


if __name__ == "__main__":
    main()
