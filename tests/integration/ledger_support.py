"""Helpers of the ledger's tests: values, locks, and a proxy that breaks connections."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text

from transforms.ledger import ClaimRequest, CompletedLesson, Ledger
from transforms.model import (
    REPLAY_ATTRIBUTE,
    Artifact,
    Claim,
    ContentRequest,
    DeadLetter,
    Lesson,
    Message,
    Saving,
    Scene,
    Script,
    StageRecord,
    Usage,
)

LEASE = timedelta(minutes=5)
PUBLISHED = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)

SCRIPT = Script(
    "Gravity", "Why do things fall?", (Scene("Mass", "Mass attracts.", ("Mass",)),),
    ("Mass attracts mass.",), (), "gravity", "physics", 8,
)  # fmt: skip


def message(message_id: str | None = None, data: bytes = b"{}", **attributes: str) -> Message:
    return Message(data, attributes, message_id or f"m-{uuid4()}", PUBLISHED)


def request(request_id: str | None = None, **fields: Any) -> ContentRequest:
    request_id = request_id or str(uuid4())
    known: dict[str, Any] = {
        "student_id": "student-1",
        "student_query": "Explain gravity",
        "grade_level": 8,
        "correlation_id": f"request-{request_id}",
        "requested_modalities": ("text",),
    }
    return ContentRequest(request_id, **(known | fields))


def claim_all(ledger: Ledger, *asked: ClaimRequest, lease: timedelta = LEASE) -> list[Any]:
    """Claim a batch; the results are untyped, so that tests may use what each kind carries."""
    return ledger.claim(asked, lease)


def claim(ledger: Ledger, asked: ClaimRequest, lease: timedelta = LEASE) -> Any:
    [result] = claim_all(ledger, asked, lease=lease)
    return result


def take(ledger: Ledger, asked: ClaimRequest, lease: timedelta = LEASE) -> Lesson:
    """Claim a request and return its lesson; fails if the claim is refused."""
    result = claim(ledger, asked, lease)
    assert result.claim, result
    return Lesson(asked.message, asked.request, result.claim)


def artifact(lesson: Lesson, name: str) -> Artifact:
    uri = f"gs://lessons/{lesson.request.request_id}/{name}"
    return Artifact(name, uri, 1234, "ab" * 32, "application/json")


def record(lesson: Lesson, stage: str = "script", *names: str, **fields: Any) -> StageRecord:
    known: dict[str, Any] = {
        "engine": "offline",
        "fingerprint": "f" * 64,
        "seconds": 1.5,
        "cost_usd": 0.00125,
        "usage": (Usage("characters", 120.0),),
    }
    artifacts = tuple(artifact(lesson, name) for name in names or (f"{stage}.json",))
    return StageRecord(stage=stage, artifacts=artifacts, **(known | fields))


def completed(lesson: Lesson, saved: float = 0.0) -> CompletedLesson:
    savings = (Saving("video", "slides", saved),) if saved else ()
    return CompletedLesson(lesson, artifact(lesson, "manifest.json"), SCRIPT, savings)


def letter(
    source: Message | ClaimRequest | Lesson, stage: str = "parse", **fields: Any
) -> DeadLetter:
    """Make the dead letter of a message, of a valid request or of a claimed lesson."""
    claimed: Claim | None = source.claim if isinstance(source, Lesson) else None
    known: dict[str, Any] = {
        "error_type": "InvalidRequest",
        "error": "is not a UUID",
        "occurred_at": datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
        "request_id": None if isinstance(source, Message) else source.request.request_id,
    }
    whole = source if isinstance(source, Message) else source.message
    return DeadLetter(whole, stage, claim=claimed, **(known | fields))


def replay_marks(ledger: Ledger, request_id: str) -> dict[str, Any]:
    """Return the attributes of a replay of the request's latest dead letter."""
    newest = max(each.id for each in ledger.dead_letters(request_id=request_id))
    return {REPLAY_ATTRIBUTE: ledger.issue_replay(newest)}


def let_lease_lapse(ledger: Ledger, request_id: str) -> None:
    """Set the end of the lease into the past."""
    with ledger.connected() as connection:
        connection.exec_driver_sql(
            "UPDATE requests SET lease_expires_at = now() - interval '1 second' "
            f"WHERE request_id = '{request_id}' AND status = 'running'"
        )


def let_hour_pass(ledger: Ledger) -> None:
    """Move all stages and calls, and their costs, out of the past hour."""
    moved = {"stages": "finished_at", "calls": "started_at", "recent_costs": "minute"}
    for table, column in moved.items():
        ledger.run(f"UPDATE {table} SET {column} = {column} - interval '62 minutes' RETURNING 1")
    recount(ledger)


def recount(ledger: Ledger) -> None:
    """Compute the hourly totals again, after a test has changed rows behind the triggers."""
    with transaction(ledger) as other:
        execute(other, "LOCK TABLE messages, stages IN SHARE ROW EXCLUSIVE MODE")
        execute(other, "TRUNCATE hourly_messages, hourly_stages")
        execute(other, "UPDATE totals_since SET since = 'infinity'")
    while ledger.run("SELECT 1 AS filled WHERE fill_hourly_totals()"):
        pass


@contextmanager
def transaction(ledger: Ledger) -> Iterator[Connection]:
    """Open a transaction on another connection; commit it unless the block raises.

    It plays another worker: its locks are held until the end of the block.
    """
    with ledger.connected() as autocommit:
        connection = autocommit.execution_options(isolation_level="READ COMMITTED")
        yield connection
        connection.commit()


@contextmanager
def locked(ledger: Ledger, *rows: ClaimRequest | Lesson, mode: str = "UPDATE") -> Iterator[None]:
    """Lock the rows of requests until the end of the block."""
    with transaction(ledger) as other:
        for each in rows:
            execute(
                other,
                f"SELECT 1 FROM requests WHERE request_id = CAST(:id AS uuid) FOR {mode}",
                id=each.request.request_id,
            )
        yield


def execute(connection: Connection, statement: str, **parameters: Any) -> None:
    """Run a statement with `:name` parameters within a transaction."""
    connection.execute(text(statement), parameters)


def wait_until_blocked(ledger: Ledger, *calls: Future[Any]) -> None:
    """Wait until each of these calls waits for a lock.

    Raises:
        AssertionError: a call ended without waiting.
    """
    deadline = time.monotonic() + 60
    while True:
        [found] = ledger.run(
            "SELECT count(*) AS blocked FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        if found["blocked"] == len(calls):
            return
        for call in calls:
            assert not call.done(), f"did not wait for the lock: {call.result()}"
        assert time.monotonic() < deadline, f"{found['blocked']} of {len(calls)} wait"
        time.sleep(0.01)


def outcome_of(ledger: Ledger, message_id: str) -> str | None:
    rows = ledger.run("SELECT outcome FROM messages WHERE message_id = :id", id=message_id)
    return rows[0]["outcome"] if rows else None


def row(ledger: Ledger, of: ClaimRequest | Lesson) -> Any:
    """Return a request's row."""
    [found] = ledger.requests(of.request.request_id)
    return found


MESSAGES_BY_HOUR = """
SELECT hour, outcome, CAST(sum(messages) AS bigint) AS messages
FROM {}
GROUP BY hour, outcome
HAVING sum(messages) <> 0
ORDER BY hour, outcome
"""

# A stage counts for the modality that its request had then; a replay may have another one.
STAGES_BY_HOUR = """
SELECT hour, engine, stage, sum(done) AS done, sum(reused) AS reused,
    sum(skipped) AS skipped, sum(cost_usd) AS cost_usd, sum(reuse_saved_usd) AS reuse_saved_usd,
    sum(skip_saved_usd) AS skip_saved_usd
FROM {}
GROUP BY hour, engine, stage
HAVING sum(done + reused + skipped) <> 0 OR sum(cost_usd) <> 0
ORDER BY hour, engine, stage
"""

HOURLY = {
    "hourly_messages": (
        MESSAGES_BY_HOUR,
        "(SELECT date_trunc('hour', received_at) AS hour, outcome, 1 AS messages "
        "FROM counted_messages) AS scanned",
    ),
    "hourly_stages": (
        STAGES_BY_HOUR,
        "(SELECT date_trunc('hour', at) AS hour, * FROM counted_stages) AS scanned",
    ),
}


def totals_match(ledger: Ledger) -> bool:
    """Return whether the hourly totals are what a scan of all rows finds."""
    for table, (statement, scan) in HOURLY.items():
        kept, scanned = (ledger.run(statement.format(source)) for source in (table, scan))
        if kept != scanned:
            print(f"{table}:", *kept, "scan:", *scanned, sep="\n")
            return False
    return True


def accounts_balance(ledger: Ledger) -> bool:
    totals = ledger.totals()
    settled = totals.completed + totals.duplicates + totals.dead_lettered
    return totals.received == settled + totals.in_flight


class Proxy:
    """A TCP proxy for Postgres whose connections can be cut or stalled.

    Attributes:
        on_answer: called with each chunk the server sends; raising `Cut` drops the connection
            before the client sees it.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.on_answer: Callable[[bytes], None] = lambda chunk: None
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self.accepted = 0
        self._stalled = threading.Event()
        self._stalled.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Reset all open connections."""
        for pair in tuple(self._pairs):
            _reset(pair)

    def stall(self) -> None:
        """Stop forwarding, but keep connections open."""
        self._stalled.clear()

    def resume(self) -> None:
        """Continue forwarding."""
        self._stalled.set()

    def close(self) -> None:
        self.resume()
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.accepted += 1
                pair = (client, socket.create_connection(self._server))
                self._pairs.add(pair)
                threading.Thread(target=self._pass_on, args=(pair,), daemon=True).start()

    def _pass_on(self, pair: tuple[socket.socket, socket.socket]) -> None:
        client, server = pair
        with selectors.DefaultSelector() as selector, suppress(OSError, Cut, ValueError):
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    chunk = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    self._stalled.wait()
                    if not chunk:
                        raise Cut
                    if key.fileobj is server:
                        self.on_answer(chunk)
                    key.data.sendall(chunk)
        self._pairs.discard(pair)
        _reset(pair)


class Cut(Exception):
    """Raised to drop the connection."""


def _reset(pair: tuple[socket.socket, socket.socket]) -> None:
    for end in pair:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
            end.close()
