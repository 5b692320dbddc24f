"""A Shuffle spreads elements over shards, keeps their timestamps, and is removed for drains."""

from __future__ import annotations

from collections import Counter

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows, TimestampedValue

from transforms.shuffle import SHUFFLE, Shuffle, _KeyByShard

NUMBERS = [TimestampedValue(number, 10.5 * number - 50) for number in range(20)]


def test_elements_keep_their_timestamps():
    class Stamp(beam.DoFn):
        def process(self, number, timestamp=beam.DoFn.TimestampParam):
            yield number, float(timestamp)

    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        shuffled = (
            pipeline
            | beam.Create(NUMBERS)
            | beam.Map(lambda number: number).with_output_types(int)
            | Shuffle(3)
        )
        assert shuffled.element_type is int
        assert shuffled.windowing.is_default()
        assert_that(
            shuffled | beam.ParDo(Stamp()),
            equal_to([(each.value, float(each.timestamp)) for each in NUMBERS]),
        )


@pytest.mark.parametrize("shards", [1, 3, 7])
def test_shards_get_equal_shares(shards):
    dofn = _KeyByShard(shards)
    dofn.setup()
    keys = [key for each in NUMBERS[:7] * 3 for key, _ in dofn.process(each.value, each.timestamp)]
    assert Counter(keys) == dict.fromkeys(range(shards), 21 // shards)


def test_other_windows_are_refused():
    numbers = beam.Pipeline() | beam.Create([1]) | beam.WindowInto(FixedWindows(10))
    with pytest.raises(ValueError, match="must be in the global one"):
        _ = numbers | Shuffle(1)


def test_translated_shuffle_is_annotated():
    pipeline = beam.Pipeline()
    _ = pipeline | beam.Create([1]) | "Apart" >> Shuffle(4)
    found = {
        each.unique_name: each.annotations[SHUFFLE]
        for each in pipeline.to_runner_api().components.transforms.values()
        if SHUFFLE in each.annotations
    }
    assert found == {"Apart": b"4"}
