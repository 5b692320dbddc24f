"""Check the promises of the pipeline after a campaign."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from tests.faults.place import Place
from tests.faults.traffic import Traffic
from transforms.artifacts import ArtifactStore
from transforms.ledger import RequestRow
from transforms.model import STAGES_OF, Artifact

MEDIA = (".m4a", ".mp4")


@dataclass
class Call:
    """A call of an engine.

    Attributes:
        stage: Stage of the engine.
        request_id: Request of the call.
        message_id: Message that claimed the request.
        worker: Number of the calling worker.
        recorded: True if the worker stored the result, so that later workers reuse it.
    """

    stage: str
    request_id: str
    message_id: str
    worker: int
    recorded: bool = False


def engine_calls(events: Sequence[dict[str, Any]]) -> list[Call]:
    """Return the engine calls among the workers' events, in order."""
    calls: list[Call] = []
    latest: dict[tuple[str, str, int], Call] = {}
    for event in events:
        if stage := event.get("engine"):
            call = Call(stage, event["request_id"], event["message_id"], event["worker"])
            latest[stage, call.request_id, call.worker] = call
            calls.append(call)
        elif stage := event.get("recorded"):
            latest[stage, event["request_id"], event["worker"]].recorded = True
    return calls


def needless_calls(calls: Sequence[Call], interrupted: Collection[int]) -> Iterator[str]:
    """Yield descriptions of calls that were repeated without a fault as the reason.

    An interrupted worker may lose only its work in progress. The next worker reuses recorded
    results, unless it processes another message, which may differ under the same request id.

    Args:
        calls: All calls, in order.
        interrupted: Numbers of the workers that were killed, stopped, or affected by a fault.
    """
    of_lesson: dict[tuple[str, str], list[Call]] = {}
    for call in calls:
        of_lesson.setdefault((call.request_id, call.stage), []).append(call)
    for (request_id, stage), made in of_lesson.items():
        for call, following in pairwise(made):
            about = f"request {request_id}: worker {following.worker} called the {stage} engine"
            if call.worker not in interrupted:
                yield f"{about} though worker {call.worker} had called it and was not interrupted"
            if call.recorded and call.message_id == following.message_id:
                yield f"{about} though worker {call.worker} had recorded its result"


def lost_messages(place: Place) -> Iterator[str]:
    """Yield descriptions of messages acknowledged before their outcome was committed.

    All leases end.
    """
    unacknowledged = set(place.unacknowledged())
    place.end_leases()
    in_flight = place.ledger.run("SELECT message_id FROM messages WHERE outcome = 'in_flight'")
    for row in in_flight:
        if row["message_id"] not in unacknowledged:
            yield f"message {row['message_id']} is in flight although it was acknowledged"


def broken_promises(place: Place, traffic: Traffic) -> list[str]:
    """Return descriptions of all broken promises."""
    return [*_messages(place, traffic), *_requests(place, traffic), *_files(place)]


def _messages(place: Place, traffic: Traffic) -> Iterator[str]:
    outcomes = {
        row["message_id"]: row["outcome"]
        for row in place.ledger.run("SELECT message_id, outcome FROM messages")
    }
    totals = place.ledger.totals()
    settled = totals.completed + totals.duplicates + totals.dead_lettered
    if not totals.received == settled + totals.in_flight == traffic.messages:
        yield f"{traffic.messages} messages were published; the accounts are {totals}"
    for message_id in place.unacknowledged():
        yield f"message {message_id} is still on the subscription: {outcomes.get(message_id)}"
    for message_id in traffic.bad:
        if outcomes.get(message_id) != "dead_lettered":
            yield f"bad message {message_id} is {outcomes.get(message_id)}"
    for request_id, messages in traffic.of_request.items():
        found = Counter(outcomes.get(message_id) for message_id in messages)
        end = "dead_lettered" if request_id in traffic.cancelled else "completed"
        if found != Counter({end: 1, "duplicate": len(messages) - 1}):
            yield f"the messages of request {request_id} are {dict(found)}"
    yield from _dead_letters(place, traffic)


def _dead_letters(place: Place, traffic: Traffic) -> Iterator[str]:
    rows = place.ledger.dead_letters(limit=None)
    letters = Counter(row.message_id for row in rows)
    cancelled = {
        message_id
        for request_id in traffic.cancelled
        for message_id in traffic.of_request[request_id]
    }
    for row in rows:
        expected = row.message_id in traffic.bad or (
            row.message_id in cancelled and row.error_type == "Cancelled"
        )
        if not expected or letters[row.message_id] > 1:
            yield f"dead letter {row.message_id}: {row.stage}: {row.error_type}: {row.error}"
    for message_id in traffic.bad - set(letters):
        yield f"bad message {message_id} has no dead letter"
    for request_id in traffic.cancelled:
        count = sum(letters[message_id] for message_id in traffic.of_request[request_id])
        if count != 1:
            yield f"cancelled request {request_id} has {count} dead letters"


def _requests(place: Place, traffic: Traffic) -> Iterator[str]:
    rows = {row.request_id: row for row in place.ledger.requests(limit=None)}
    for request_id in traffic.of_request:
        row = rows.get(request_id)
        end = "cancelled" if request_id in traffic.cancelled else "completed"
        if row is None or row.status != end:
            yield f"request {request_id} is {row.status if row else 'missing'}, not {end}"
        elif end == "completed":
            yield from _completed(place, row)
    for request_id in set(rows) - set(traffic.of_request):
        if rows[request_id].status != "failed" or request_id not in traffic.stages:
            yield f"request {request_id} is {rows[request_id].status}; it was not cancelled"
    for orphan in place.ledger.run(
        "SELECT DISTINCT CAST(request_id AS text) AS request_id FROM stages "
        "WHERE request_id NOT IN (SELECT request_id FROM requests)"
    ):
        yield f"stages of {orphan['request_id']}, which does not exist"


def _completed(place: Place, row: RequestRow) -> Iterator[str]:
    about = f"request {row.request_id} ({row.modality})"
    stages = {s.stage for s in place.ledger.stages(row.request_id) if s.attempt == row.attempts}
    if stages != set(STAGES_OF[row.modality]):  # type: ignore[index]
        yield f"{about} has the stages {stages}"
    manifest = json.loads(place.store.read(row.request_id, "manifest.json") or b"{}")
    artifacts = [Artifact(**each) for each in manifest.get("artifacts", ())]
    recorded = {name: each["sha256"] for name, each in row.artifacts.items()}
    recorded.pop("manifest.json", None)
    if not artifacts or {each.name: each.sha256 for each in artifacts} != recorded:
        yield f"{about}: manifest and row disagree: {manifest}, {recorded}"
    for artifact in artifacts:
        if not place.store.verify(artifact):
            yield f"{about}: {artifact.name} differs from the manifest"
        elif artifact.name.endswith(MEDIA) and not _plays(place.store, artifact):
            yield f"{about}: {artifact.name} does not play"
    expected = {each.name for each in artifacts} | {f"stages/{stage}.json" for stage in stages}
    if set(place.store.list(row.request_id)) != expected | {"manifest.json"}:
        yield f"{about} has files {place.store.list(row.request_id)}"


def _plays(store: ArtifactStore, artifact: Artifact) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        file = store.fetch(artifact, Path(folder) / artifact.name)
        with av.open(str(file)) as container:
            return all(
                sum(1 for _ in container.decode(stream)) > 0 and not container.seek(0)
                for stream in list(container.streams)
                if stream.type in ("audio", "video")
            )


def _files(place: Place) -> Iterator[str]:
    if place.storage:
        return
    known = {row.request_id for row in place.ledger.requests(limit=None)}
    for folder in Path(place.store.root).iterdir():
        if folder.name not in known:
            yield f"{folder} belongs to no request"
        for file in folder.rglob(".*"):
            yield f"{file} is a temporary file that was not swept"
