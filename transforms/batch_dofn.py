"""Together: a DoFn that is given the elements of a bundle together, not one by one.

Ten elements then take one round trip to the ledger instead of ten, and their engines can be waited
for at the same time. Results come out where the bundle ends, each with the timestamp and window of
the element it was made from, so the watermark never passes them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import apache_beam as beam
from apache_beam.utils.windowed_value import WindowedValue

E = TypeVar("E")

MAX_ELEMENTS = 500
"""Elements held at most; a larger bundle is worked on in several parts."""


class BatchResult(NamedTuple):
    """What became of one element.

    Attributes:
        position: of the element among those that were given.
        value: what is emitted for it.
        tag: the output it goes to; None for the main one.
    """

    position: int
    value: Any
    tag: str | None = None


class BatchDoFn(beam.DoFn, Generic[E]):
    """Subclasses say what is done in `process_elements`."""

    @abstractmethod
    def process_elements(self, elements: Sequence[E]) -> Iterator[BatchResult]:
        """Work on elements, in any order; each result is emitted before the next is asked for."""

    def is_isolated(self, element: E) -> bool:
        """Whether an element is to be worked on at once and by itself."""
        return False

    def start_bundle(self) -> None:
        """Forget what a bundle that failed has left."""
        self._held: list[tuple[E, Any, Any]] = []

    def process(
        self,
        element: E,
        timestamp: Any = beam.DoFn.TimestampParam,
        window: Any = beam.DoFn.WindowParam,
    ) -> Iterator[Any] | None:
        """Hold the element."""
        held = (element, timestamp, window)
        if self.is_isolated(element):
            return self._work([held])
        self._held.append(held)
        return self.finish_bundle() if len(self._held) >= MAX_ELEMENTS else None

    def finish_bundle(self) -> Iterator[Any]:
        """Work on all that are held."""
        held, self._held = self._held, []
        if held:
            yield from self._work(held)

    def _work(self, held: Sequence[tuple[E, Any, Any]]) -> Iterator[Any]:
        for result in self.process_elements([element for element, _, _ in held]):
            _, timestamp, window = held[result.position]
            windowed = WindowedValue(result.value, timestamp, (window,))
            yield beam.pvalue.TaggedOutput(result.tag, windowed) if result.tag else windowed
