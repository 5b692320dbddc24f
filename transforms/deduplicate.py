"""Deduplicate requests that are published twice within a few minutes, before they reach the ledger.

The ledger's claim decides; this filter only saves statements. An event-time timer bounds its state.
`beam.Deduplicate` is not used because it always sets a real-time timer, which moves the whole graph
onto the DirectRunner's single-threaded engine.
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
from transforms.telemetry.display import display_items
from transforms.telemetry.outcomes import report_outcome

if TYPE_CHECKING:
    from transforms.ledger import Ledger

DUPLICATES = "duplicates"


class DeduplicateRequests(beam.PTransform):
    """Separate duplicates from the first message of each request.

    PCollection[Received] -> tagged `requests` and `DUPLICATES` (Received).

    The first message of a request passes, and so do its redeliveries and messages with the
    token of a replay, which the claim checks. Another message with the same request id is a
    duplicate.

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

    def display_data(self) -> dict[str, Any]:
        return display_items(ttl_seconds=self._ttl)

    def process(
        self,
        element: tuple[str, Received],
        timestamp: Any = beam.DoFn.TimestampParam,
        owner: Any = beam.DoFn.StateParam(OWNER),  # noqa: B008
        expiry: Any = beam.DoFn.TimerParam(EXPIRY),  # noqa: B008
    ) -> Iterator[Received | beam.pvalue.TaggedOutput]:
        received = element[1]
        message_id = received.message.message_id
        if received.message.replay_token:
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
    """Settle duplicates in the ledger; return the messages that must be claimed instead.

    PCollection[Received] -> tagged `requests` (Received) and `OUTCOMES`.

    Each outcome is emitted after it is committed. `requests` holds messages that are duplicates by
    the graph's state but not by the ledger: the message owns the request, or the request is not
    claimed yet. They have to be claimed, because a runner may have acknowledged them already.

    Args:
        ledger: decides which messages are duplicates and counts them.
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

    def display_data(self) -> dict[str, Any]:
        return display_items(ledger=self._ledger.masked_url)

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
