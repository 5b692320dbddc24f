"""Build the streaming job: the graph between a Pub/Sub subscription and a counter of outcomes.

Dataflow keeps acknowledged messages durably and retries a failed bundle until it succeeds, so no
step may drop a message. `transforms.deduplicate` describes messages that are settled later.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import apache_beam as beam
from apache_beam.io.gcp.pubsub import PubsubMessage

from pipeline.graph import HeavyShards, build
from pipeline.monitoring.summary import Tally
from pipeline.settings.beam_options import VividlyOptions
from pipeline.usage_error import UsageError
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger
from transforms.model import Message, Outcome

_tally: Tally | None = None


def report_to_tally(tally: Tally) -> None:
    """Also report counts to `tally`, for a runner that works in the launching process."""
    global _tally
    _tally = tally


def build_stream(
    pipeline: beam.Pipeline,
    subscription: str,
    id_label: str | None,
    options: VividlyOptions,
    ledger: Ledger,
    store: ArtifactStore,
    shards: HeavyShards = HeavyShards(),  # noqa: B008  (immutable)
) -> None:
    """Add the steps of the streaming job to a pipeline.

    Args:
        pipeline: Pipeline that receives the steps.
        subscription: Full resource name of the subscription.
        id_label: Message attribute by which Dataflow recognizes messages published twice.
        options: Settings of the graph.
        ledger: Store of claims and outcomes.
        store: Store of artifacts.
        shards: Keyed shards before the heavy stages.

    Raises:
        UsageError: Beam does not accept the subscription's name.
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
    outcomes = build(messages, options, ledger, store, shards=shards)
    _ = outcomes | "Count outcomes" >> beam.ParDo(_Count())


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
