"""Resident memory of a drain after 500 and after 5,000 text requests: it should stay flat.

python -m benchmarks.memory [--requests 5000] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil

from pipeline.commands.publish import publish
from pipeline.embedded import suite
from pipeline.embedded.postgres import EmbeddedPostgres
from pipeline.settings import topic_path
from transforms.ledger import Ledger, upgrade

PROJECT = "vividly-benchmark"
FIRST = 500  # requests after which memory is measured for the first time


def request() -> bytes:
    """A text request."""
    fields = {
        "request_id": str(uuid.uuid4()),
        "student_id": "nobody",
        "student_query": "Explain photosynthesis",
        "grade_level": 9,
        "requested_modalities": ["text"],
    }
    return json.dumps(fields).encode()


def measure(requests: int) -> dict[str, float]:
    """Megabytes of the drain's process after `FIRST` and after all requests."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(Path(folder) / "postgres", fsync=False) as postgres,
        suite.pubsub(PROJECT, "requests", "requests") as host,
    ):
        upgrade(postgres.url)
        ledger = Ledger(postgres.url)
        publish(topic_path("requests", PROJECT), (request() for _ in range(requests)))
        drain = subprocess.Popen(
            [
                *(sys.executable, "-m", "pipeline", "drain", "--log-level=WARNING"),
                *(f"--project={PROJECT}", "--subscription=requests", "--batch-size=100"),
                *(f"--database={postgres.url}", f"--artifacts={folder}/artifacts"),
                *("--max-runtime=3600", "--empty-queue-timeout=600"),
            ],
            env={**os.environ, "PUBSUB_EMULATOR_HOST": host},
            stdout=subprocess.DEVNULL,
        )
        process = psutil.Process(drain.pid)
        started = time.monotonic()
        found: dict[str, float] = {}
        for count in (FIRST, requests):
            while ledger.totals().completed < count:
                if drain.poll() is not None:
                    raise RuntimeError(f"the drain ended with status {drain.returncode}")
                time.sleep(0.1)
            found[f"rss_mb_{count}"] = round(process.memory_info().rss / 2**20, 1)
        found["growth"] = round(found[f"rss_mb_{requests}"] / found[f"rss_mb_{FIRST}"], 3)
        found["requests_per_second"] = round(requests / (time.monotonic() - started), 1)
        drain.terminate()
        drain.wait()
    return found


def main() -> None:
    """Print what was found; write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    found = measure(chosen.requests)
    print(*(f"{name}={value}" for name, value in found.items()), sep="  ")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
