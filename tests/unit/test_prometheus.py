"""What a job counts, as Prometheus reads it."""

from __future__ import annotations

from prometheus_client import generate_latest

from pipeline.metrics import BUCKETS, registry
from pipeline.summary import Tally
from transforms.model import Outcome, StageRecord


def test_seconds_are_histograms():
    tally = Tally("drain")
    tally.received(2)
    for number, seconds in enumerate((2.0, 40.0)):
        record = StageRecord("script", "e", "f", seconds, 0.5, (), ())
        done = Outcome(str(number), "completed", records=(record,), seconds=seconds + 3600)
        tally.settled([done])
    text = generate_latest(registry(tally, lambda: 0.0)).decode()
    assert 'vividly_stage_seconds_bucket{le="1",stage="script"} 0.0' in text
    assert 'vividly_stage_seconds_bucket{le="2.5",stage="script"} 1.0' in text
    assert 'vividly_stage_seconds_bucket{le="45",stage="script"} 2.0' in text
    assert 'vividly_stage_seconds_sum{stage="script"} 42.0' in text
    assert 'vividly_end_to_end_seconds_bucket{le="3600"} 0.0' in text
    assert 'vividly_end_to_end_seconds_bucket{le="+Inf"} 2.0' in text
    assert "vividly_cost_usd_total 1.0" in text


def test_buckets_rise():
    assert list(BUCKETS) == sorted(set(BUCKETS))
