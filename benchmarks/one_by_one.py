"""Baseline for the pipeline: a worker that processes one message at a time.

`work` writes the same rows and files as the pipeline for a text request. The worker pulls a
message, processes it, commits, acknowledges, and pulls the next:

python -m benchmarks.one_by_one SUBSCRIPTION DATABASE ARTIFACTS
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta

from benchmarks.stubs import StubEngine
from transforms.artifacts import ArtifactStore
from transforms.ledger import ClaimRequest, CompletedLesson, Ledger
from transforms.model import Lesson, Message, StageRecord, encode
from transforms.parse import parse
from transforms.process.fingerprints import fingerprint
from transforms.publish import MANIFEST, manifest
from transforms.script.script_markdown import to_markdown
from transforms.stage.direct_calls import DirectCalls

LEASE = timedelta(seconds=120)
IDLE = 3.0  # seconds without a message after which the worker ends


def work(message: Message, ledger: Ledger, store: ArtifactStore, engine: StubEngine) -> None:
    """Process one request from its claim to its completion."""
    request = parse(message.data)
    [result] = ledger.claim([ClaimRequest(message, request)], LEASE)
    if not result.claim:
        return
    started = time.monotonic()
    script = engine.write(request, calls=DirectCalls(60.0)).script

    def put(name: str, content: bytes, content_type: str = "application/json"):  # type: ignore[no-untyped-def]
        return store.put(request.request_id, name, content, content_type)

    record = StageRecord(
        stage="script",
        engine=engine.name,
        fingerprint=fingerprint({"query": request.student_query, "engine": engine.identity}),
        seconds=round(time.monotonic() - started, 3),
        cost_usd=0.0,
        usage=(),
        artifacts=(
            put("script.json", encode(script)),
            put("script.md", to_markdown(script).encode(), "text/markdown; charset=utf-8"),
        ),
    )
    put("stages/script.json", encode(record))
    lesson = Lesson(message, request, result.claim).with_record(record)
    done = CompletedLesson(
        lesson, manifest=put(MANIFEST, manifest(lesson, 0.0)), script=script, savings=()
    )
    ledger.complete([done])


def main() -> None:
    """Drain a subscription, one message at a time."""
    from google.api_core.exceptions import DeadlineExceeded
    from google.cloud.pubsub_v1 import SubscriberClient

    subscription, database, artifacts = sys.argv[1:]
    ledger, store, engine = Ledger(database), ArtifactStore(artifacts), StubEngine()
    client = SubscriberClient()
    while True:
        try:
            response = client.pull(
                subscription=subscription, max_messages=1, timeout=IDLE, retry=None
            )
        except DeadlineExceeded:
            return
        if not response.received_messages:
            return
        for received in response.received_messages:
            message = Message(
                data=received.message.data,
                attributes=dict(received.message.attributes),
                message_id=received.message.message_id,
                publish_time=received.message.publish_time,
            )
            work(message, ledger, store, engine)
            client.acknowledge(subscription=subscription, ack_ids=[received.ack_id])


if __name__ == "__main__":
    main()
