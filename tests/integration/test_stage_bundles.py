"""BatchDoFn processes a bundle together; results keep their elements' time, windows and pane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import apache_beam as beam
import pytest
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.window import (
    FixedWindows,
    GlobalWindow,
    GlobalWindows,
    SlidingWindows,
    TimestampedValue,
    WindowFn,
)
from apache_beam.utils import windowed_value
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import PaneInfo, PaneInfoTiming, WindowedValue

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


def run(numbers, windows=FixedWindows(10)):  # noqa: B008  (immutable)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        done = (
            pipeline
            | beam.Create([TimestampedValue(n, n * 10) for n in numbers], reshuffle=False)
            | beam.Map(lambda value: value)
            | beam.WindowInto(windows)
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


def test_large_bundle_is_split(monkeypatch):
    """Full parts are processed before the bundle ends."""
    monkeypatch.setattr(batch_dofn, "MAX_ELEMENTS", 3)
    dofn = Doubled()
    dofn.start_bundle()
    parts = []
    for number in range(1, 8):
        emitted = list(dofn.process(number, in_global_window(number)))
        parts.append(len(emitted))
    assert parts == [0, 0, 3, 0, 0, 3, 0]
    assert len(list(dofn.finish_bundle())) == 1
    assert seen == [[1, 2, 3], [4, 5, 6], [7]]


def in_global_window(number: int) -> WindowedValue:
    return windowed_value.create(number, 0, (GlobalWindow(),))


def test_held_elements_are_bounded():
    assert batch_dofn.MAX_ELEMENTS == 500


def test_failed_bundle_leaves_nothing_behind():
    dofn = Doubled()
    dofn.start_bundle()
    assert list(dofn.process(1, in_global_window(1))) == []
    dofn.start_bundle()
    assert list(dofn.finish_bundle()) == []
    assert list(dofn.finish_bundle()) == []
    assert seen == []


def test_element_in_several_windows_is_processed_once(monkeypatch):
    """Also if it is isolated or fills the batch: Beam multiplies what `process` emits for it."""
    monkeypatch.setattr(batch_dofn, "MAX_ELEMENTS", 2)
    run([0, 1, 2, 3], SlidingWindows(20, 10))
    assert seen == [[0], [1, 2], [3]]
    assert sorted(found) == [
        (tag, number * 2, number * 10, start)
        for tag, number in (("even", 0), ("even", 2), ("odd", 1), ("odd", 3))
        for start in (number * 10 - 10, number * 10)
    ]


EARLY = PaneInfo(True, False, PaneInfoTiming.EARLY, 0, -1)
LATE = PaneInfo(False, True, PaneInfoTiming.LATE, 3, 2)


class Fire(beam.DoFn):
    """Emits each number with the timestamp, windows and pane of a trigger's firing."""

    def __init__(self, windows: WindowFn) -> None:
        self._windows = windows

    def process(self, number: int, window=beam.DoFn.WindowParam) -> Iterator[WindowedValue]:
        windows = assigned(self._windows, number)
        if window == windows[0]:  # called once for each
            pane = LATE if number % 3 else EARLY
            yield windowed_value.create(number, number * 10_000_000, windows, pane)


def assigned(windows: WindowFn, number: int) -> tuple:
    """Return the windows of a number; its timestamp is ten times the number."""
    return tuple(windows.assign(WindowFn.AssignContext(Timestamp(number * 10))))


class ReportWhole(beam.DoFn):
    """Reports each output with its metadata, all windows in one."""

    def process(self, element: int, whole=beam.DoFn.WindowedValueParam) -> None:
        fired.append((element, float(whole.timestamp), tuple(whole.windows), whole.pane_info))


fired: list[tuple[int, float, tuple, PaneInfo]] = []


@pytest.mark.parametrize("runner", [FnApiRunner, BundleBasedDirectRunner])
@pytest.mark.parametrize(
    "windows", [FixedWindows(10), SlidingWindows(20, 10), GlobalWindows()], ids=type
)
def test_results_keep_windows_and_pane_of_their_elements(runner, windows):
    fired.clear()
    with beam.Pipeline(runner=runner()) as pipeline:
        done = (
            pipeline
            | beam.Create([TimestampedValue(n, n * 10) for n in (1, 2, 3)], reshuffle=False)
            | beam.Map(lambda value: value)
            | "Windows" >> beam.WindowInto(windows)
            | beam.ParDo(Fire(windows)).with_output_types(int)
            | beam.ParDo(Doubled()).with_outputs("odd", main="even")
        )
        _ = (done.even, done.odd) | beam.Flatten() | beam.ParDo(ReportWhole())
    assert sorted(fired) == [
        (n * 2, n * 10.0, assigned(windows, n), LATE if n % 3 else EARLY) for n in (1, 2, 3)
    ]
