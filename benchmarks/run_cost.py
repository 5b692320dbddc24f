"""Measure the CPU time of a run of the graph, as one executable stage and on Beam's FnApiRunner.

python -m benchmarks.run_cost [--rounds 20]

Runs of few messages show the fixed cost of a run; the run of many messages shows the cost of each.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from apache_beam.portability.api import beam_runner_api_pb2 as beam_proto
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from benchmarks.requests import text_request
from benchmarks.stubs import StubEngine, install
from pipeline.embedded.postgres import EmbeddedPostgres
from pipeline.jobs import graph_runner, one_stage
from pipeline.settings.beam_options import VividlyOptions
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger, upgrade
from transforms.model import Message

SIZES = (0, 1, 10, 250)
"""Messages in a run."""


class BeamRunner:
    """Runs a translated graph with Beam's unchanged FnApiRunner."""

    def __init__(self, graph: beam_proto.Pipeline) -> None:
        self._graph = graph

    def run(self) -> None:
        """Run the graph once."""
        FnApiRunner().run_via_runner_api(self._graph, VividlyOptions([])).wait_until_finish()


RUNNERS: Mapping[str, Any] = {"beam": BeamRunner, "one_stage": one_stage.OneStage}


def cpu_seconds(graph: graph_runner.GraphRunner, size: int) -> float:
    """Return the CPU seconds of this process for one run."""
    now = datetime.now(UTC)
    messages = [Message(text_request(), {}, uuid.uuid4().hex, now) for _ in range(size)]
    started = time.process_time()
    outcomes = graph.run(messages)
    taken = time.process_time() - started
    assert [each.status for each in outcomes] == ["completed"] * size
    return taken


def main() -> None:
    """Print CPU milliseconds, medians of interleaved rounds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    logging.disable(logging.WARNING)
    install(StubEngine())
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as postgres,
    ):
        upgrade(postgres.url)
        store = ArtifactStore(f"{folder}/artifacts")
        graphs = {}
        for name, runner in RUNNERS.items():
            graph_runner.OneStage = runner  # type: ignore[attr-defined]
            graphs[name] = graph_runner.GraphRunner(VividlyOptions([]), Ledger(postgres.url), store)
        taken: dict[tuple[str, int], list[float]] = {}
        for size in SIZES:
            for _ in range(1 + (rounds if size < SIZES[-1] else rounds // 4)):
                for name, graph in graphs.items():
                    taken.setdefault((name, size), []).append(cpu_seconds(graph, size))
        for (name, size), seconds in taken.items():
            print(f"{name}_{size}_cpu_ms={1000 * median(seconds[1:]):.1f}")


if __name__ == "__main__":
    main()
