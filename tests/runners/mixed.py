"""Five mixed messages, and what every runner must make of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import apache_beam as beam

from pipeline.graph import build
from pipeline.settings.beam_options import VividlyOptions
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger
from transforms.model import Message

VIDEO = str(uuid.uuid5(uuid.NAMESPACE_URL, "video"))


def request(modality: str, query: str) -> bytes:
    """Return the data of a request."""
    return json.dumps({
        "request_id": str(uuid.uuid5(uuid.NAMESPACE_URL, modality)),
        "student_id": "s-1",
        "student_query": query,
        "grade_level": 9,
        "requested_modalities": [modality],
    }).encode()  # fmt: skip


VIDEO_REQUEST = request("video", "Explain gravity")

MESSAGES = [
    Message(data, {"position": str(position)}, f"m-{position}", datetime.now(UTC))
    for position, data in enumerate([
        request("text", "Explain photosynthesis"),
        b"not JSON",
        request("audio", "Explain Ohm's law"),
        VIDEO_REQUEST,
        VIDEO_REQUEST,  # in another message: a duplicate
    ])
]  # fmt: skip


@dataclass(frozen=True)
class Job:
    """The graph with a ledger, a store and engines.

    Attributes:
        ledger: Ledger of the job.
        store: Artifacts of the job.
        engines: Options that choose engines; empty for the offline ones.
    """

    ledger: Ledger
    store: ArtifactStore
    engines: Mapping[str, str]

    def options(self, *flags: str, **named: Any) -> VividlyOptions:
        """Return the options of a run."""
        return VividlyOptions(list(flags), **self.engines, **named)

    def run(
        self,
        *flags: str,
        runner: Any = None,
        source: Callable[[beam.Pipeline], beam.PCollection] | None = None,
        translated: Callable[[beam.Pipeline, VividlyOptions], Any] | None = None,
    ) -> None:
        """Run the messages through the graph and wait for its end.

        Args:
            flags: Options of Beam.
            runner: The runner; named by the flags if None.
            source: Makes the messages; all of them at once if None.
            translated: Runs the pipeline in place of its runner.
        """
        options = self.options(*flags)
        pipeline = beam.Pipeline(runner=runner, options=options)
        messages = (
            source(pipeline)
            if source
            else pipeline | beam.Create(MESSAGES).with_output_types(Message)
        )
        build(messages, options, self.ledger, self.store)
        result = translated(pipeline, options) if translated else pipeline.run()
        result.wait_until_finish()

    def check(self) -> None:
        """Assert that all messages are settled, and that the lessons are stored."""
        totals = self.ledger.totals()
        assert totals.received == 5
        assert (totals.completed, totals.duplicates, totals.dead_lettered) == (3, 1, 1)
        assert totals.in_flight == 0
        [letter] = self.ledger.dead_letters()
        assert (letter.stage, letter.error_type) == ("parse", "InvalidRequest")
        stored = {row.request_id: row.modality for row in self.ledger.requests()}
        assert sorted(stored.values()) == ["audio", "text", "video"]
        for request_id in stored:
            manifest = self.store.read(request_id, "manifest.json")
            assert manifest
            for artifact in json.loads(manifest)["artifacts"]:
                assert self.store.read(request_id, artifact["name"]) is not None

    def stages(self) -> int:
        """Return the number of stages recorded so far."""
        [found] = self.ledger.run("SELECT count(*) AS number FROM stages")
        return int(found["number"])
