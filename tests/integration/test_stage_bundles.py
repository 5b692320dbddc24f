"""BatchDoFn processes a bundle together; results keep their elements' time and window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.window import FixedWindows, TimestampedValue

from transforms import batch_dofn
from transforms.batch_dofn import BatchDoFn, BatchResult


class Doubled(BatchDoFn[int]):
    """Doubles numbers from the last to the first; zero is isolated."""

    def process_elements(self, elements: Sequence[int]) -> Iterator[BatchResult]:
        seen.append(list(elements))
        for position in reversed(range(len(elements))):
            yield BatchResult(
                position, elements[position] * 2, "odd" if elements[position] % 2 else None
            )

    def is_isolated(self, element: int) -> bool:
        return element == 0


seen: list[list[int]] = []
found: list[tuple[str, int, float, float]] = []


class Report(beam.DoFn):
    def __init__(self, tag: str) -> None:
        self._tag = tag

    def process(
        self,
        element: int,
        timestamp=beam.DoFn.TimestampParam,
        window=beam.DoFn.WindowParam,
    ) -> None:
        found.append((self._tag, element, float(timestamp), float(window.start)))


@pytest.fixture(autouse=True)
def _empty():
    seen.clear()
    found.clear()


def run(numbers):
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        done = (
            pipeline
            | beam.Create([TimestampedValue(n, n * 10) for n in numbers], reshuffle=False)
            | beam.Map(lambda value: value)
            | beam.WindowInto(FixedWindows(10))
            | beam.ParDo(Doubled()).with_outputs("odd", main="even")
        )
        _ = done.even | "Report even" >> beam.ParDo(Report("even"))
        _ = done.odd | "Report odd" >> beam.ParDo(Report("odd"))


def test_results_keep_time_and_window_of_their_elements():
    run([1, 2, 3, 4])
    assert seen == [[1, 2, 3, 4]]
    assert sorted(found) == [
        ("even", 4, 20.0, 20.0),
        ("even", 8, 40.0, 40.0),
        ("odd", 2, 10.0, 10.0),
        ("odd", 6, 30.0, 30.0),
    ]


def test_isolated_element_is_processed_at_once():
    run([1, 0, 2])
    assert seen == [[0], [1, 2]]
    assert [element for _, element, _, _ in sorted(found)] == [0, 4, 2]


@pytest.mark.parametrize(("count", "parts"), [(2, [2]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
def test_large_bundle_is_split(monkeypatch, count, parts):
    monkeypatch.setattr(batch_dofn, "MAX_ELEMENTS", 3)
    run(range(1, count + 1))
    assert [len(part) for part in seen] == parts
    assert len(found) == count


def test_held_elements_are_bounded():
    assert batch_dofn.MAX_ELEMENTS == 500


def test_failed_bundle_leaves_nothing_behind():
    dofn = Doubled()
    dofn.start_bundle()
    assert dofn.process(1, 0, None) is None
    dofn.start_bundle()
    assert list(dofn.finish_bundle()) == []
    assert list(dofn.finish_bundle()) == []
    assert seen == []
