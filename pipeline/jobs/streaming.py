"""The streaming job: the graph behind a Pub/Sub subscription, on whichever runner.

What Dataflow has acknowledged it keeps, and it repeats a bundle that fails until it succeeds. So
nothing here may drop a message: see `transforms.deduplicate` for what is not settled at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import apache_beam as beam
from apache_beam.io.gcp.pubsub import PubsubMessage

from pipeline.graph import build
from pipeline.monitoring.summary import Tally
from pipeline.settings.beam_options import VividlyOptions
from pipeline.usage_error import UsageError
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger
from transforms.model import Message, Outcome

_tally: Tally | None = None


def report_to_tally(tally: Tally) -> None:
    """Have what is counted in this process counted there as well.

    For a runner that works within the process that launches it.
    """
    global _tally
    _tally = tally


def build_stream(
    pipeline: beam.Pipeline,
    subscription: str,
    id_label: str | None,
    options: VividlyOptions,
    ledger: Ledger,
    store: ArtifactStore,
) -> None:
    """Put the graph between a subscription and what counts outcomes.

    Args:
        pipeline: gets the steps.
        subscription: its full resource name.
        id_label: message attribute by which Dataflow tells messages that were published twice.
        options: the graph's settings.
        ledger: where claims and outcomes are kept.
        store: where artifacts are kept.

    Raises:
        UsageError: Beam does not take the subscription's name.
    """
    try:
        read = beam.io.ReadFromPubSub(
            subscription=subscription, id_label=id_label, with_attributes=True
        )
    except ValueError as error:
        raise UsageError(f"{error} (check --subscription and --project)") from error
    messages = (
        pipeline
        | "Read requests" >> read
        | "Take messages" >> beam.ParDo(_Take()).with_output_types(Message)
    )
    _ = build(messages, options, ledger, store) | "Count outcomes" >> beam.ParDo(_Count())


class _Take(beam.DoFn):
    def process(self, element: PubsubMessage) -> Iterator[Message]:
        if _tally:
            _tally.received(1)
        published = element.publish_time or datetime.now(UTC)
        yield Message(
            data=bytes(element.data or b""),
            attributes=dict(element.attributes or {}),
            message_id=element.message_id,
            publish_time=datetime.fromtimestamp(published.timestamp(), UTC),
        )


class _Count(beam.DoFn):
    def process(self, outcome: Outcome) -> None:
        if _tally:
            _tally.settled([outcome])
