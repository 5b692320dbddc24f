"""One transform between an in-memory source and sinks, translated once and run many times."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import EmbeddedPythonEnvironment

_current = threading.local()


class Died(BaseException):
    """Simulates the death of the worker process: no error handler runs. Beam needs its text."""


class Step:
    """A transform on the runner that drain and batch use.

    Args:
        transform: Transform of one PCollection.
        element: Type of its elements.
        tags: Tags of its outputs; empty for a single output without a tag.
    """

    def __init__(self, transform: beam.PTransform, element: type, *tags: str) -> None:
        pipeline = beam.Pipeline(runner=FnApiRunner())
        source = (
            pipeline | beam.Impulse() | beam.FlatMap(_take).with_output_types(element)
        ) | "Step" >> transform
        for tag in tags or ("",):
            output = source[tag] if tag else source
            _ = output | f"Report {tag}" >> beam.Map(_report, tag)
        self._options = pipeline.options
        self._proto = pipeline.to_runner_api(
            default_environment=EmbeddedPythonEnvironment.default()
        )

    def run(
        self, elements: Sequence[Any], work: Callable[[Any], None] = lambda output: None
    ) -> dict[str, list[Any]]:
        """Run elements as one bundle, on the calling thread.

        Args:
            elements: Elements of the bundle.
            work: Called with each output in the same bundle; may raise `Died`.

        Returns:
            The outputs by tag; after `Died`, those emitted before.
        """
        _current.elements, _current.work = elements, work
        found: dict[str, list[Any]] = {}
        _current.found = found
        with suppress(Died):
            FnApiRunner().run_via_runner_api(self._proto, self._options).wait_until_finish()
        return found


def _take(_: bytes) -> Sequence[Any]:
    return _current.elements


def _report(output: Any, tag: str) -> None:
    _current.work(output)
    _current.found.setdefault(tag, []).append(output)
