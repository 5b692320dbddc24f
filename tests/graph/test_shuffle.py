"""A Shuffle spreads elements over shards, keeps their timestamps, and is removed for drains."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows, TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from transforms.model import Claim, ContentRequest, Lesson, Message, StageRecord
from transforms.shuffle import SHUFFLE, Shuffle, _KeyByShard
from transforms.stage.sharing import shared_script

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


def by_word(element):
    return element if element.startswith("shared") else None


def test_elements_of_one_key_follow_each_other():
    elements = [f"shared-{number % 5}" for number in range(40)] + [f"own-{n}" for n in range(21)]
    workers = [_KeyByShard(7, by_word) for _ in range(3)]
    shards = defaultdict(set)
    for dofn in workers:
        dofn.setup()
        for element in elements:
            [(shard, _)] = dofn.process(element, Timestamp(0))
            shards[element].add(shard)
    assert all(len(shards[element]) == 1 for element in elements if by_word(element))
    own = Counter(
        shard for element in elements[40:] for shard, _ in workers[0].process(element, Timestamp(0))
    )
    assert own == dict.fromkeys(range(7), 3)


def test_key_of_lesson_is_its_shared_script():
    lesson = Lesson(
        Message(b"{}", {}, "m-1", datetime.now(UTC)),
        ContentRequest(str(uuid4()), "s-1", "Explain gravity", 8, "c-1"),
        Claim("token", 1),
    )
    script = StageRecord("script", "offline", "f" * 64, 1.0, 0.0, (), ())
    shared = replace(script, topic="gravity")
    narration = replace(shared, stage="narration", fingerprint="e" * 64)
    assert shared_script(lesson) is None
    assert shared_script(lesson.with_record(script)) is None
    assert shared_script(lesson.with_record(shared).with_record(narration)) == "f" * 64


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
