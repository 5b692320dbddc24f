"""Measure how long texts take in the streaming graph while heavy requests wait.

python -m benchmarks.streaming [--json FILE]

Each scenario runs on Beam's SdkHarness with keyed work items (`benchmarks.keyed_service`), twice:
without the explicit shuffles and with 12 threads, as before they existed, and as the launcher sets
them up. Narrations take 0.2 s and videos 3 s; nothing else is stubbed but the script engine.
docs/performance.md explains the numbers.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.jobs import place
from benchmarks.keyed_service import KeyedService
from benchmarks.requests import request
from benchmarks.stubs import StubEngine, install
from pipeline.graph import HeavyShards, build
from pipeline.jobs.dataflow_options import LIGHT_THREADS
from pipeline.settings.beam_options import VividlyOptions
from transforms.artifacts import ArtifactStore
from transforms.errors import TransientError
from transforms.ledger import Ledger
from transforms.model import Lesson, Message
from transforms.narration.narrate_script import _Narrate
from transforms.prices import typical
from transforms.stage import budget
from transforms.stage.task import Produced
from transforms.video.render_video import _RenderVideo

NARRATION_SECONDS, VIDEO_SECONDS = 0.2, 3.0
THREADS_BEFORE = 12
NARRATION = typical("narration", "google")
"""What the stub uses: a paid engine waits for the budget."""

WARM_UP = 200
TEXTS = 5
TEXT_PAUSE = 0.2  # seconds between two texts
LIMIT = 40.0  # seconds; a text that takes longer counts as this long
GATE_SECONDS = 120.0
FEW_SHARDS = HeavyShards(narration=4, video=2)
SETTLE = 8.0
"""Seconds in which heavy requests take the threads that they can take."""

_narrated: dict[str, datetime] = {}  # ends of narrations, by message id


@dataclass(frozen=True)
class Scenario:
    """A number of heavy requests that wait, and the reason.

    Attributes:
        heavy: number of heavy requests.
        modality: of the heavy requests.
        shards: before the heavy stages, with shuffles.
        gate_closed: the speech service asks to wait for `GATE_SECONDS`.
        budget_spent: the hourly limit is reached by a request before.
        options: settings of the graph.
    """

    heavy: int = 20
    modality: str = "video"
    shards: HeavyShards = FEW_SHARDS
    gate_closed: bool = False
    budget_spent: bool = False
    options: Mapping[str, Any] = field(
        default_factory=lambda: {"video_concurrency": 2, "narration_concurrency": 4}
    )


SCENARIOS = {
    "videos": Scenario(),
    "gate_closed": Scenario(gate_closed=True),
    "budget_spent": Scenario(
        budget_spent=True, options={"video_concurrency": 2, "max_cost_per_hour": 0.01}
    ),
    "one_shard": Scenario(heavy=40, modality="audio", shards=HeavyShards()),
    "many_shards": Scenario(heavy=60, shards=HeavyShards(narration=40, video=20)),
}


def measure(name: str, shuffles: bool, database: str, folder: str) -> dict[str, float]:
    """Run a scenario and return seconds from publication to settlement; work may go on."""
    scenario = SCENARIOS[name]
    _install_stubs(scenario)
    ledger, store = Ledger(database), ArtifactStore(folder)
    options = VividlyOptions([], **scenario.options)
    service = KeyedService(
        lambda messages: build(messages, options, ledger, store, shards=scenario.shards),
        threads=sum(scenario.shards) + LIGHT_THREADS if shuffles else THREADS_BEFORE,
        shuffles=shuffles,
    )
    _publish(service, WARM_UP, "text")  # each thread builds its bundle processor
    service.wait_until_idle(LIMIT)
    if scenario.budget_spent:
        _publish(service, 1, "audio")
        service.wait_until_idle(LIMIT)
    _publish(service, scenario.heavy, scenario.modality)
    time.sleep(SETTLE)
    taken = _wait(ledger, _since_publication(_publish(service, TEXTS, "text", TEXT_PAUSE)))
    found = {"p50": median(taken), "p99": max(taken)}
    if scenario.modality == "audio":
        service.wait_until_idle(LIMIT)
        found["published_after_narration_p99"] = max(_wait(ledger, _narrated))
    return found


def _publish(service: KeyedService, count: int, modality: str, pause: float = 0.0) -> list[Message]:
    made = []
    for _ in range(count):
        message = Message(request(modality), {}, uuid.uuid4().hex, datetime.now(UTC))
        service.publish(message)
        made.append(message)
        time.sleep(pause)
    return made


def _since_publication(messages: Iterable[Message]) -> dict[str, datetime]:
    return {each.message_id: each.publish_time for each in messages}


def _wait(ledger: Ledger, since: Mapping[str, datetime]) -> list[float]:
    """Wait until messages are settled; return the seconds since each time, at most `LIMIT`."""
    end = time.monotonic() + LIMIT
    while True:
        rows = ledger.run("SELECT message_id, settled_at FROM messages WHERE outcome = 'completed'")
        settled = {row["message_id"]: row["settled_at"] for row in rows}
        if since.keys() <= settled.keys() or time.monotonic() >= end:
            return [
                (settled[id_] - at).total_seconds() if id_ in settled else LIMIT
                for id_, at in since.items()
            ]
        time.sleep(0.05)


def _install_stubs(scenario: Scenario) -> None:
    def narrate(task: _Narrate, lesson: Lesson, *_: Any) -> Produced:
        if scenario.gate_closed:
            raise TransientError("try again later", retry_after=GATE_SECONDS)
        time.sleep(NARRATION_SECONDS)
        _narrated[lesson.message.message_id] = datetime.now(UTC)
        files = {"narration.m4a": b"sound", "narration.json": b"{}", "transcript.txt": b""}
        return Produced(files, NARRATION)

    def render(task: _RenderVideo, lesson: Lesson, *_: Any) -> Produced:
        time.sleep(VIDEO_SECONDS)
        return Produced({"video.mp4": b"pictures"}, typical("video", "slides"))

    stubs: Mapping[str, Any] = {"perform": narrate, "typical": lambda _: NARRATION}
    for name, stub in stubs.items():
        setattr(_Narrate, name, stub)
    setattr(_RenderVideo, "perform", render)  # noqa: B010
    install(StubEngine())
    budget.MAX_AGE = 0.5


def main() -> None:
    """Print p50 and p99 of the texts of each scenario, before and after; write JSON if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        name, when, database, folder = chosen.one
        logging.disable(logging.ERROR)
        print(json.dumps(measure(name, when == "after", database, folder)), flush=True)
        os._exit(0)  # heavy requests are still in work
    found: dict[str, float] = {}
    with place() as at:
        for name, when in itertools.product(SCENARIOS, ("before", "after")):
            with at.fresh() as (database, folder):
                module = (sys.executable, "-m", "benchmarks.streaming")
                done = subprocess.run(
                    [*module, "--one", name, when, database, folder],
                    check=True, stdout=subprocess.PIPE, text=True,
                )  # fmt: skip
            for figure, seconds in json.loads(done.stdout.splitlines()[-1]).items():
                found[f"{name}_{when}_{figure}_seconds"] = seconds
                print(f"{name}_{when}_{figure}_seconds={seconds:.2f}", flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
