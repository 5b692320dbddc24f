"""Measure the throughput of the pipeline with stub engines.

python -m benchmarks.pipeline [--rounds 3] [--json FILE]

It compares drain and batch with a job queue and a sequential worker that write the same rows and
files, on the same Postgres and disk; and measures the latency of texts that arrive at random, the
speedup of 32 workers with slow engines, the start and end of a job, and memory and time per request
of 100 and of 10,000 requests.
docs/performance.md explains the numbers.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from benchmarks.jobs import IDLE, Place, place
from benchmarks.latency import latency

FAST, QUEUED, ONE_BY_ONE = 2000, 500, 150
"""Requests for drain and batch, for the queue, for the sequential worker: some seconds each."""

DRAINS = 2
"""Number of parallel drains of one subscription."""

WAITING, WORKERS, ENGINE_SECONDS = 256, 32, 2.0
FEW, MANY = 100, 10_000


def throughput(at: Place, rounds: int) -> dict[str, float]:
    """Measure requests per second with engines that answer at once."""
    measures: Mapping[str, Callable[[], float]] = {
        "drain": lambda: at.drain(FAST).per_second,
        "batch": lambda: at.batch(FAST).per_second,
        f"drains_{DRAINS}": lambda: at.drains(FAST, DRAINS),
        "queue": lambda: at.queue(QUEUED),
        "sequential": lambda: at.sequential(ONE_BY_ONE),
    }
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):  # interleaved, so that the machine's load affects all alike
        for name, measure in measures.items():
            found[name].append(measure())
    rates = {name: median(values) for name, values in found.items()}
    ours = min(rates["drain"], rates["batch"])
    return {
        **{f"{name}_per_second": rate for name, rate in rates.items()},
        "ours_over_queue": ours / rates["queue"],
        "ours_over_sequential": ours / rates["sequential"],
    }


def speed(at: Place, rounds: int) -> dict[str, float]:
    """Measure throughput, and latency at up to half of it."""
    rates = throughput(at, rounds)
    return rates | latency(at, rates["drain_per_second"])


def waiting(at: Place, rounds: int) -> dict[str, float]:
    """Measure the speedup of many workers with slow engines, as a fraction of the ideal one."""
    seconds = median(
        at.batch(WAITING, f"--workers={WORKERS}", engine_seconds=ENGINE_SECONDS).seconds
        for _ in range(rounds)
    )
    ideal = WAITING * ENGINE_SECONDS / WORKERS
    return {f"speedup_fraction_{WORKERS}": ideal / seconds}


def fixed_cost(at: Place, rounds: int) -> dict[str, float]:
    """Measure the seconds before a drain's first pull, and the overhead of an empty drain."""
    return {
        # The pull of one message is answered at once.
        "start_to_first_pull_seconds": median(at.drain(1).first_pull for _ in range(rounds)),
        "empty_drain_overhead_seconds": median(at.drain(0).wall - IDLE for _ in range(rounds)),
    }


def scale(at: Place) -> dict[str, float]:
    """Measure memory and time per request of few and of many requests."""
    found: dict[str, float] = {}
    for requests in (FEW, MANY):
        run = at.drain(requests)
        found[f"rss_mb_{requests}"] = run.rss_mb
        found[f"seconds_per_request_{requests}"] = run.seconds / requests
    return found


def main() -> None:
    """Print all measurements; write them as JSON with `--json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    found: dict[str, float] = {}
    with place() as at:
        for part in (
            lambda: fixed_cost(at, chosen.rounds),
            lambda: speed(at, chosen.rounds),
            lambda: waiting(at, chosen.rounds),
            lambda: scale(at),
        ):
            measured = {name: float(f"{value:.4g}") for name, value in part().items()}
            print(*(f"{name}={value:g}" for name, value in measured.items()), sep="\n", flush=True)
            found |= measured
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
