"""The graph emits exactly the metrics that `transforms.telemetry.metrics` names."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import apache_beam as beam
import pytest
from apache_beam.metrics.cells import DistributionResult
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipeline.graph import build
from pipeline.settings.beam_options import VividlyOptions
from tests.integration import stand_ins
from tests.integration.ledger_support import replay_marks
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger, upgrade
from transforms.model import ENGINE_STAGES, Message
from transforms.script.engines.offline.offline_writer import OfflineScriptEngine
from transforms.telemetry import metrics


class Place:
    """A ledger and an artifact store for runs of the graph."""

    def __init__(self, url, folder):
        upgrade(url)
        self.ledger = Ledger(url)
        self.store = ArtifactStore(folder)

    def run(self, *messages, **given):
        """Run messages through the graph; return its counters and distributions."""
        options = VividlyOptions([], max_tries=2, **given)
        pipeline = beam.Pipeline(runner=FnApiRunner(), options=options)
        source = pipeline | beam.Create(messages).with_output_types(Message)
        build(source, options, self.ledger, self.store)
        result = pipeline.run()
        result.wait_until_finish()
        found = result.metrics().query(beam.metrics.MetricsFilter().with_namespace("vividly"))
        counters: Counter[str] = Counter()  # over the steps that share a name
        for each in found["counters"]:
            counters[each.key.metric.name] += each.committed
        spread: dict[str, DistributionResult] = {}
        for each in found["distributions"]:
            name, data = each.key.metric.name, each.committed.data
            if name in spread:
                data = data.combine(spread[name].data)
            spread[name] = DistributionResult(data)
        return counters, spread


@pytest.fixture
def place(postgres, tmp_path, monkeypatch):
    stand_ins.install(monkeypatch)
    return Place(postgres.url, str(tmp_path))


STAGES = ENGINE_STAGES


def test_every_metric_is_emitted(place, pubsub):
    faults = ["", *(f"{s}:once" for s in STAGES), *(f"{s}:permanent" for s in STAGES)]
    faults += ["publish:bug", "script:lost"]
    requests = [stand_ins.request(fault) for fault in faults]
    text = stand_ins.request(requested_modalities=["text"])
    messages = [stand_ins.message(r) for r in [*requests, text, text]]
    counters, spread = place.run(*messages)
    assert counters["received"] == len(messages)
    assert {s: counters[f"outcome_{s}"] for s in metrics.OUTCOMES} == {
        "completed": 5,
        "duplicate": 1,
        "dead_lettered": 4,
        "superseded": 1,
    }
    assert spread["end_to_end_milliseconds"].count == 5
    for stage in STAGES:
        assert counters[f"{stage}_failed"] == 1
        assert counters[f"{stage}_tries_failed"] == 2  # one of which led to a dead letter
    done = {stage: spread[f"{stage}_milliseconds"].count for stage in STAGES}
    assert done == {"script": 8, "narration": 6, "video": 5}
    assert counters["cost_nano_usd"] > 0
    assert counters["cost_saved_nano_usd"] > 0

    failed = requests[faults.index("publish:bug")]
    marks = replay_marks(place.ledger, failed["request_id"])
    replay = stand_ins.message(failed, **marks)
    again, _ = place.run(replay)
    assert {stage: again[f"{stage}_reused"] for stage in STAGES} == dict.fromkeys(STAGES, 1)
    assert again["cost_nano_usd"] == 0
    assert again["cost_reused_nano_usd"] > 0

    costly = stand_ins.message(stand_ins.request())
    over_budget, _ = place.run(costly, max_cost_per_request=0.00005)
    assert over_budget["over_budget"] == over_budget["outcome_dead_lettered"] == 1
    _, waits = place.run(stand_ins.message(stand_ins.request()), max_cost_per_hour=1e6)
    assert waits["budget_wait_milliseconds"].max == 0  # the script started at once

    missing = {"dead_letter_topic": f"projects/{pubsub.project}/topics/none"}
    uncopied, _ = place.run(stand_ins.message(b"not JSON"), **missing)
    assert uncopied["dead_letter_copies_failed"] == uncopied["outcome_dead_lettered"] == 1

    needed = stand_ins.message(stand_ins.request(student_query="I want to die"))
    untold, _ = place.run(needed, care_topic=missing["dead_letter_topic"])
    assert untold["needs_care"] == untold["care_messages_failed"] == 1

    spaced, _ = place.run(
        *[stand_ins.message(stand_ins.request()) for _ in range(3)], script_per_minute=40
    )
    assert spaced["cumulativeThrottlingSeconds"] >= 1  # of 1.5 and 3 s

    shared, _ = place.run(*[stand_ins.message(stand_ins.request()) for _ in range(2)], reuse="all")
    for stage in STAGES:
        assert (shared[f"{stage}_shared_hits"], shared[f"{stage}_shared_misses"]) == (1, 1), stage

    spread |= waits
    emitted = {*counters, *again, *over_budget, *uncopied, *untold, *spaced}
    emitted |= set(shared)
    emitted |= {name + suffix for name in spread for suffix in metrics.DISTRIBUTION_SUFFIXES}
    assert emitted == metrics.reported()


def test_script_that_failed_a_check_is_counted(place, monkeypatch):
    write = OfflineScriptEngine.write
    hard = (
        "Gravitational interactions, notwithstanding their extraordinary infinitesimality among "
        "microscopic constituents, predominantly determine cosmological configurations, because "
        "electromagnetic attractions and repulsions between macroscopic, approximately neutral "
        "agglomerations compensate each other, whereas gravitational accumulation necessarily "
        "intensifies proportionally, irrespective of intermediary or surrounding materials."
    )
    flaws = {3: "Buy now with promo code SKY.", 4: hard}

    def flawed(self, request, **given):
        written = write(self, request, **given)
        script = written.script
        hook = f"{script.hook} {flaws.get(request.grade_level, '')}"
        return replace(written, script=replace(script, hook=hook))

    monkeypatch.setattr(OfflineScriptEngine, "write", flawed)
    requests = [
        stand_ins.request(grade_level=grade, requested_modalities=["text"]) for grade in (3, 4, 8)
    ]
    counters, _ = place.run(*map(stand_ins.message, requests))
    found = {name: counters[f"check_{name}"] for name in metrics.SCRIPT_CHECKS}
    assert {name for name, count in found.items() if count} == {"safety", "reading_level"}
    assert counters["outcome_dead_lettered"] == counters["check_safety"] == 1
    assert counters["check_reading_level"] == 1
    manifest = json.loads(place.store.read(requests[1]["request_id"], "manifest.json"))
    assert manifest["stages"][0]["problems"] == ["reading_level"]
