"""Shuffle: redistribute elements over keyed shards, so that steps behind it do not delay others.

A runner processes the elements of a shard one after the other, so the number of shards bounds how
many elements, and threads of workers, the steps behind the shuffle take at the same time.
`pipeline.jobs.one_stage` removes the shuffles for drain and batch.
"""

from __future__ import annotations

import itertools
import random
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import apache_beam as beam
from apache_beam.transforms.trigger import AccumulationMode, AfterCount, Repeatedly
from apache_beam.transforms.window import (
    GlobalWindows,
    TimestampCombiner,
    TimestampedValue,
)
from apache_beam.utils.timestamp import Timestamp

from transforms.telemetry.display import display_items

E = TypeVar("E")

SHUFFLE = "vividly_shuffle"
"""Annotation of every `Shuffle` in a translated graph."""


class Shuffle(beam.PTransform):
    """Redistribute elements over keyed shards; timestamps stay, windows must be global.

    PCollection[E] -> PCollection[E]

    `beam.Reshuffle` would store elements with a pickled coder, which breaks updates of a job.

    Args:
        shards: Number of shards.
        key: Function that returns what an element has in common with others, which are then on one
            shard and follow each other; None for an element that goes to any shard.
    """

    def __init__(self, shards: int, key: Callable[[Any], str | None] | None = None) -> None:
        super().__init__()
        self._shards = shards
        self._key = key

    def annotations(self) -> dict[str, Any]:
        return {**super().annotations(), SHUFFLE: str(self._shards)}

    def display_data(self) -> dict[str, Any]:
        return display_items(shards=self._shards)

    def expand(self, elements: beam.PCollection) -> beam.PCollection:
        if not isinstance(elements.windowing.windowfn, GlobalWindows):
            raise ValueError("a Shuffle keeps no windows; its input must be in the global one")
        stored = tuple[int, tuple[elements.element_type, int]]
        by_shard = _KeyByShard(self._shards, self._key)
        return (
            elements
            | "Key by shard" >> beam.ParDo(by_shard).with_output_types(stored)
            | "Emit at once"
            >> beam.WindowInto(
                GlobalWindows(),
                trigger=Repeatedly(AfterCount(1)),
                accumulation_mode=AccumulationMode.DISCARDING,
                timestamp_combiner=TimestampCombiner.OUTPUT_AT_EARLIEST,
            )
            | "Group by shard" >> beam.GroupByKey()
            | "Take from shard"
            >> _TakeFromShard(elements.windowing).with_output_types(elements.element_type)
        )


class _KeyByShard(beam.DoFn):
    """Gives elements with a key to its shard, and others in turn to the shards.

    Hashes of request ids would load some shards more.
    """

    def __init__(self, shards: int, key: Callable[[Any], str | None] | None = None) -> None:
        self._shards = shards
        self._key = key

    def setup(self) -> None:
        self._turns = itertools.count(random.randrange(self._shards))  # noqa: S311

    def process(
        self, element: E, timestamp: Any = beam.DoFn.TimestampParam
    ) -> Iterator[tuple[int, tuple[E, int]]]:
        key = self._key(element) if self._key else None
        number = next(self._turns) if key is None else zlib.crc32(key.encode())
        yield number % self._shards, (element, timestamp.micros)


class _TakeFromShard(beam.ParDo):
    """Emits the elements of a shard with their timestamps, in the windowing before the shuffle."""

    def __init__(self, windowing: beam.transforms.core.Windowing) -> None:
        super().__init__(_Take())
        self._before = windowing

    def get_windowing(self, inputs: Any) -> beam.transforms.core.Windowing:
        return self._before


class _Take(beam.DoFn):
    def process(self, element: tuple[int, Iterable[tuple[E, int]]]) -> Iterator[TimestampedValue]:
        for value, micros in element[1]:
            yield TimestampedValue(value, Timestamp(micros=micros))
