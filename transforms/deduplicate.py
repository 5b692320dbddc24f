"""DeduplicateRequests: a cheap filter for requests that are published twice within a few minutes.

The ledger's claim is what decides; this only spares it the work. Its memory is bounded by an
event-time timer. `beam.Deduplicate` is not used because it always sets a real-time timer, which
moves the whole graph onto the DirectRunner's single-threaded engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import apache_beam as beam
from apache_beam.coders import StrUtf8Coder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer
from apache_beam.utils.timestamp import Duration

from transforms import coder  # noqa: F401  (registers the coders of the outputs)
from transforms.batch_dofn import BatchDoFn, BatchResult
from transforms.model import Outcome, Received
from transforms.stage.task import OUTCOMES
from transforms.telemetry.outcomes import report_outcome

if TYPE_CHECKING:
    from transforms.ledger import Ledger

DUPLICATES = "duplicates"

REPLAY_ATTRIBUTE = "vividly-replay"
"""Message attribute that marks a deliberate second publication of a failed request: the number of
the dead letter."""

REPLAY_OF_ATTRIBUTE = "vividly-replay-of"
"""Message attribute of a replay: the id of the message that became that dead letter."""


def is_replay(received: Received) -> bool:
    """Whether somebody asked for this request to be opened again."""
    return REPLAY_ATTRIBUTE in received.message.attributes


class DeduplicateRequests(beam.PTransform):
    """PCollection[Received] -> tagged PCollections `requests` and `DUPLICATES` (Received).

    The first message of a request passes, and so does the same message when it is delivered again;
    another message with the same request id is a duplicate. Replays pass.

    Args:
        ttl: seconds of event time for which a request id is remembered.
    """

    def __init__(self, ttl: float) -> None:
        super().__init__()
        self._ttl = ttl

    def expand(self, received: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        return (
            received
            | "Key by request id"
            >> beam.Map(_by_request_id).with_output_types(tuple[str, Received])
            | "Remember the first"
            >> beam.ParDo(_Remember(self._ttl))
            .with_output_types(Received, **{DUPLICATES: Received})
            .with_outputs(DUPLICATES, main="requests")
        )


def _by_request_id(received: Received) -> tuple[str, Received]:
    return received.request.request_id, received


class _Remember(beam.DoFn):
    OWNER = ReadModifyWriteStateSpec("owner", StrUtf8Coder())
    EXPIRY = TimerSpec("expiry", TimeDomain.WATERMARK)

    def __init__(self, ttl: float) -> None:
        self._ttl = ttl

    def process(
        self,
        element: tuple[str, Received],
        timestamp: Any = beam.DoFn.TimestampParam,
        owner: Any = beam.DoFn.StateParam(OWNER),  # noqa: B008
        expiry: Any = beam.DoFn.TimerParam(EXPIRY),  # noqa: B008
    ) -> Iterator[Received | beam.pvalue.TaggedOutput]:
        received = element[1]
        message_id = received.message.message_id
        if is_replay(received):
            yield received
        elif owner.read() in (None, message_id):
            owner.write(message_id)
            expiry.set(timestamp + Duration(self._ttl))
            yield received
        else:
            yield beam.pvalue.TaggedOutput(DUPLICATES, received)

    @on_timer(EXPIRY)
    def forget(self, owner: Any = beam.DoFn.StateParam(OWNER)) -> None:  # noqa: B008
        owner.clear()


class SettleDuplicates(beam.PTransform):
    """PCollection[Received] -> tagged `requests` (Received) and `OUTCOMES`.

    Each outcome is emitted once it is in the ledger. `requests` holds what is a duplicate by this
    graph's memory and not by the ledger: this message owns the request, or nobody does yet. It has
    to be claimed, since a runner that has acknowledged it will not deliver it again.

    Args:
        ledger: where duplicates are counted.
    """

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def expand(self, duplicates: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        return duplicates | "Settle" >> beam.ParDo(_Settle(self._ledger)).with_output_types(
            Received, **{OUTCOMES: Outcome}
        ).with_outputs(OUTCOMES, main="requests")


class _Settle(BatchDoFn[Received]):
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def process_elements(self, elements: Sequence[Received]) -> Iterator[BatchResult]:
        counted = self._ledger.duplicates([(r.message, r.request.request_id) for r in elements])
        for position, received in enumerate(elements):
            if not counted[position]:
                yield BatchResult(position, received)
                continue
            outcome = Outcome(
                message_id=received.message.message_id,
                status="duplicate",
                request_id=received.request.request_id,
                reason="this request came in another message before",
            )
            yield BatchResult(position, report_outcome(outcome, received, "deduplicate"), OUTCOMES)
