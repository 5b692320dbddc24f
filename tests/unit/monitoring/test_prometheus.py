"""Prometheus metrics of a job."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from prometheus_client import generate_latest

from pipeline.monitoring.prometheus import BUCKETS, metrics_registry
from pipeline.monitoring.summary import Tally
from transforms.model import Outcome, Saving, StageRecord


def test_durations_are_histograms():
    tally = Tally("drain")
    tally.received(2)
    for number, seconds in enumerate((2.0, 40.0)):
        record = StageRecord("script", "e", "f", seconds, 0.5, (), ())
        done = Outcome(str(number), "completed", records=(record,), seconds=seconds + 3600)
        tally.settled([done])
    text = generate_latest(metrics_registry(tally, lambda: 0.0)).decode()
    assert 'vividly_stage_seconds_bucket{le="1",stage="script"} 0.0' in text
    assert 'vividly_stage_seconds_bucket{le="2.5",stage="script"} 1.0' in text
    assert 'vividly_stage_seconds_bucket{le="45",stage="script"} 2.0' in text
    assert 'vividly_stage_seconds_sum{stage="script"} 42.0' in text
    assert 'vividly_end_to_end_seconds_bucket{le="3600"} 0.0' in text
    assert 'vividly_end_to_end_seconds_bucket{le="+Inf"} 2.0' in text
    assert 'vividly_cost_usd_total{engine="e",stage="script"} 1.0' in text


def test_costs_are_labelled_by_stage_and_engine():
    tally = Tally("drain")
    tally.settled(
        [
            Outcome(
                "1",
                "completed",
                records=(
                    StageRecord("script", "gemini", "f", 1.0, 0.5, (), (), reused=True),
                    StageRecord("narration", "google", "f", 1.0, 0.25, (), ()),
                ),
                savings=(Saving("video", "slides", 0.125),),
            )
        ]
    )
    known: Any = SimpleNamespace(refused=2, waiting=3, spent_usd=0.75)
    lapsed: Any = SimpleNamespace(count=4)
    text = generate_latest(metrics_registry(tally, lambda: 0.0, known, lapsed)).decode()
    for line in (
        'vividly_cost_usd_total{engine="google",stage="narration"} 0.25',
        'vividly_cost_saved_usd_total{by="reused",engine="gemini",stage="script"} 0.5',
        'vividly_cost_saved_usd_total{by="skipped",engine="slides",stage="video"} 0.125',
        "vividly_over_budget_total 2.0",
        "vividly_budget_waiting 3.0",
        "vividly_hour_cost_usd 0.75",
        "vividly_lapsed_claims 4.0",
    ):
        assert line in text.splitlines()


def test_shared_results_are_labelled_by_stage_and_result():
    made = StageRecord("narration", "google", "f", 1.0, 0.25, (), (), topic="gravity")
    copied = replace(made, reused=True, shared="f" * 64)
    tally = Tally("drain")
    tally.settled(Outcome(str(n), "completed", records=(made, copied, copied)) for n in range(2))
    text = generate_latest(metrics_registry(tally, lambda: 0.0)).decode()
    for line in (
        'vividly_shared_results_total{result="hit",stage="narration"} 4.0',
        'vividly_shared_results_total{result="miss",stage="narration"} 2.0',
        'vividly_shared_saved_usd_total{stage="narration"} 1.0',
    ):
        assert line in text.splitlines()


def test_buckets_are_ascending():
    assert list(BUCKETS) == sorted(set(BUCKETS))
