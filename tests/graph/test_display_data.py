"""Every step shows its engine, model and limits to runners, and no secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.portability.api import beam_runner_api_pb2 as beam_proto
from apache_beam.transforms.display import DisplayData

from pipeline.graph import HeavyShards
from pipeline.jobs.streaming import build_stream
from pipeline.settings.beam_options import VividlyOptions
from transforms.artifacts import ArtifactStore
from transforms.engine_plugin import EnginePlugin, choose, option
from transforms.ledger import Ledger
from transforms.telemetry.display import display_items

SECRET = "hunter2-and-a-half"
TOPIC = "projects/my-project/topics/dead"


@pytest.fixture(scope="module")
def shown() -> dict[str, dict[str, Any]]:
    """Display data of the streaming graph by step, from the proto that a runner gets."""
    options = VividlyOptions(
        [], streaming=True, script_engine="gemini", voice_engine="google", dead_letter_topic=TOPIC,
        narration_per_minute=180, video_concurrency=2, max_cost_per_hour=5.0,
    )  # fmt: skip
    pipeline = beam.Pipeline(options=options)
    ledger = Ledger(f"postgresql://me:{SECRET}@db:5432/vividly")
    subscription = "projects/my-project/subscriptions/content-requests"
    store = ArtifactStore("gs://my-lessons")
    build_stream(pipeline, subscription, None, options, ledger, store, HeavyShards(40, 20))
    found: dict[str, dict[str, Any]] = {}
    for step in pipeline.to_runner_api().components.transforms.values():
        labelled = [beam_proto.LabelledPayload.FromString(d.payload) for d in step.display_data]
        for each in labelled:
            value = getattr(each, str(each.WhichOneof("value")))
            found.setdefault(step.unique_name.partition("/")[0], {})[each.key] = value
    return found


LEDGER = "postgresql+pg8000://me:***@db:5432/vividly"


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("Parse", {"max_bytes": 65536}),
        ("Deduplicate", {"ttl_seconds": 600.0}),
        ("Duplicates", {"ledger": LEDGER}),
        ("Claim", {"lease_seconds": 120.0, "ledger": LEDGER}),
        ("Script", {
            "engine": "gemini", "model": "gemini-3.5-flash-lite", "location": "global",
            "timeout_seconds": 120.0, "tries": 5, "max_cost_per_hour": 5.0,
        }),
        ("Before video", {"shards": 20}),
        ("Narration", {"engine": "google", "per_minute": 180.0, "timeout_seconds": 300.0}),
        ("Video", {"engine": "slides", "concurrency": 2, "artifacts": "gs://my-lessons"}),
        ("Publish", {"max_deliveries": 5, "artifacts": "gs://my-lessons"}),
        ("Dead letters", {"topic": TOPIC}),
        ("Delivered again", {"topic": TOPIC}),
    ],
)  # fmt: skip
def test_step_shows_its_settings(shown, step, expected):
    assert {name: shown[step].get(name) for name in expected} == expected


def test_no_secret_is_shown(shown):
    assert SECRET not in str(shown)
    assert "api_key" not in shown["Script"]


@dataclass(frozen=True)
class Keyed:
    """Settings of an engine of another package."""

    acme_api_key: str = option("acme-api-key", "key", default="")
    voice: str = option("acme-voice", "voice", default="v1")
    token: str | None = None


def test_secret_of_foreign_engine_is_masked():
    plugin = EnginePlugin(package=__package__, engine=".x:Y", settings=Keyed)
    chosen = choose("acme", plugin, {"acme_api_key": SECRET, "token": SECRET})
    items = {
        item.key: item.value for item in DisplayData("", display_items(**chosen.options())).items
    }
    assert items == {"acme_api_key": "***", "voice": "v1"}
