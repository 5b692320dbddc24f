"""BatchDoFn: a DoFn that processes the elements of a bundle together.

Ten elements then take one round trip to the ledger instead of ten, and their engine calls overlap.
Results are emitted at the end of the bundle, each with the timestamp, windows and pane of its
element, so the watermark never passes them. Nothing is held across bundles.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import apache_beam as beam
from apache_beam.utils.windowed_value import WindowedValue

from transforms import coder  # noqa: F401  (registers the coders of every output)
from transforms.errors import ConfigurationFault, WorkerFault
from transforms.telemetry import log_events, tracing
from transforms.telemetry.log_format import install_worker_log_format

log = logging.getLogger(__name__)

E = TypeVar("E")

MAX_ELEMENTS = 500
"""Maximum number of elements held; a larger bundle is processed in several parts."""


class BatchResult(NamedTuple):
    """What `BatchDoFn` emits for one element, with its output tag.

    Attributes:
        position: Index of the element in the batch.
        value: Element to emit.
        tag: Output to emit it to; None for the main output.
    """

    position: int
    value: Any
    tag: str | None = None


class BatchDoFn(beam.DoFn, Generic[E]):
    """A DoFn that holds the elements of a bundle and processes them as one batch."""

    @abstractmethod
    def process_elements(self, elements: Sequence[E]) -> Iterator[BatchResult]:
        """Process a batch of elements and yield one result for each, in any order.

        Each result is emitted before the next is computed.
        """

    def is_isolated(self, element: E) -> bool:
        """Return True if an element must be processed at once, in a batch of its own."""
        return False

    def setup(self) -> None:
        """Set the log format of the Beam worker, and start its traces."""
        install_worker_log_format()
        tracing.configure_worker()

    def start_bundle(self) -> None:
        """Drop elements left over from a failed bundle."""
        self._held: list[WindowedValue] = []

    def process(
        self, element: E, windowed: WindowedValue = beam.DoFn.WindowedValueParam
    ) -> Iterator[Any]:
        """Hold an element; process the batch if it is full or the element is isolated.

        An element in several windows is held until the end of the bundle, because Beam would
        multiply the windows of what is emitted for it here.
        """
        if len(windowed.windows) == 1:
            if self.is_isolated(element):
                return self._work([windowed])
            if len(self._held) + 1 >= MAX_ELEMENTS:
                held, self._held = [*self._held, windowed], []
                return self._work_in_parts(held)
        self._held.append(windowed)
        return iter(())

    def finish_bundle(self) -> Iterator[Any]:
        """Process the elements that were collected in the bundle."""
        held, self._held = self._held, []
        return self._work_in_parts(held)

    def _work_in_parts(self, held: Sequence[WindowedValue]) -> Iterator[Any]:
        together: list[WindowedValue] = []
        for windowed in held:
            if self.is_isolated(windowed.value):
                yield from self._work([windowed])
            else:
                together.append(windowed)
        for start in range(0, len(together), MAX_ELEMENTS):
            yield from self._work(together[start : start + MAX_ELEMENTS])

    def _work(self, held: Sequence[WindowedValue]) -> Iterator[Any]:
        try:
            for result in self.process_elements([each.value for each in held]):
                windowed = held[result.position].with_value(result.value)
                yield beam.pvalue.TaggedOutput(result.tag, windowed) if result.tag else windowed
        except (ConfigurationFault, WorkerFault) as fault:  # an alert watches this line
            domain = fault.exit_reason.partition("_")[0]
            log.error(log_events.FAULT, domain, fault.without_step())
            raise
