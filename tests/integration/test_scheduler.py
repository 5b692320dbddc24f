"""Outages and shutdowns are not counted as deaths of a worker."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from pipeline.jobs import scheduler
from pipeline.jobs.graph_runner import GraphRunner
from pipeline.jobs.scheduler import Scheduler
from pipeline.settings.beam_options import VividlyOptions
from tests.e2e import command
from transforms.artifacts import ArtifactStore
from transforms.errors import DependencyDown
from transforms.model import Message
from transforms.process.backoff import Backoff
from transforms.script.engines.offline.offline_writer import OfflineScriptEngine
from transforms.stage.suspects import UNPROVEN_FACTOR

PATIENCE = 60
MAX_DELIVERIES = 1

STARTS = UNPROVEN_FACTOR * MAX_DELIVERIES + 1
"""Starts without an end after which a request would be given up."""


@pytest.fixture
def graph(ledger, tmp_path):
    options = VividlyOptions([], max_deliveries=MAX_DELIVERIES, force=True)
    return GraphRunner(options, ledger, ArtifactStore(str(tmp_path / "artifacts")))


@pytest.fixture
def message():
    data = json.dumps(command.request()).encode()
    return Message(data, {}, "m-1", datetime.now(UTC))


@pytest.fixture
def settled(ledger):
    """Wait for an outcome and return it."""
    found: list[str] = []
    changed = threading.Condition()

    def settled(_, outcomes):
        with changed:
            found.extend(outcome.status for outcome in outcomes)
            changed.notify_all()

    def wait():
        with changed:
            assert changed.wait_for(lambda: found, PATIENCE)
        return found

    settled.wait = wait  # type: ignore[attr-defined]
    return settled


def test_more_outages_than_deliveries_make_no_dead_letter(
    ledger, graph, message, settled, migrated_postgres, monkeypatch
):
    """Postgres is lost while the engine works, and is back before the run is repeated."""
    monkeypatch.setattr(scheduler, "BACKOFF", Backoff(0.001, 0.01))
    administrator = Administrator(migrated_postgres)
    outages = iter(range(STARTS))
    write, run = OfflineScriptEngine.write, graph.run

    def write_without_postgres(*arguments, **named):
        if next(outages, None) is not None:
            administrator.close_database()
        return write(*arguments, **named)

    def run_and_restore(messages):
        try:
            return run(messages)
        finally:
            administrator.open_database()

    monkeypatch.setattr(OfflineScriptEngine, "write", write_without_postgres)
    monkeypatch.setattr(graph, "run", run_and_restore)
    running = Scheduler(graph, 1, settled, PATIENCE)
    running.submit(message, heavy=False)
    try:
        assert settled.wait() == ["completed"]
        assert next(outages, None) is None
        assert ledger.dead_letters() == []
    finally:
        assert running.close(PATIENCE)
        administrator.dispose()


def test_more_shutdowns_than_deliveries_make_no_dead_letter(
    ledger, graph, message, settled, monkeypatch
):
    """Each shutdown cuts off the engine, which goes on until the process ends."""
    gate = threading.Event()
    begun = threading.Semaphore(0)
    write = OfflineScriptEngine.write

    def write_late(*arguments, **named):
        begun.release()
        assert gate.wait(PATIENCE)
        return write(*arguments, **named)

    started = []
    with monkeypatch.context() as slow:
        slow.setattr(OfflineScriptEngine, "write", write_late)
        for _ in range(STARTS):
            started.append(Scheduler(graph, 1, lambda *_: None, PATIENCE))
            started[-1].submit(message, heavy=False)
            assert begun.acquire(timeout=PATIENCE)
            assert started[-1].close(grace=0) is False
    started.append(Scheduler(graph, 1, settled, PATIENCE))
    started[-1].submit(message, heavy=False)
    try:
        assert settled.wait() == ["completed"]
        assert ledger.dead_letters() == []
    finally:
        gate.set()
        with ThreadPoolExecutor() as pool:
            assert all(pool.map(lambda each: each.close(PATIENCE), started))


def test_graph_names_unavailable_dependency(graph, message, migrated_postgres):
    administrator = Administrator(migrated_postgres)
    administrator.close_database()
    try:
        with pytest.raises(DependencyDown) as raised:
            graph.run([message])
        assert raised.value.dependency == "postgres"
    finally:
        administrator.open_database()
        administrator.dispose()


def test_runs_of_one_graph_do_not_share_messages(graph):
    both = [
        [Message(b"not JSON", {}, f"m-{run}-{number}", datetime.now(UTC)) for number in range(3)]
        for run in range(2)
    ]
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(graph.run, both))
    assert [{outcome.message_id for outcome in outcomes} for outcomes in found] == [
        {each.message_id for each in messages} for messages in both
    ]


def test_budget_is_not_exhausted_while_ledger_is_down(ledger, tmp_path, migrated_postgres):
    options = VividlyOptions([], max_cost_per_hour=1.0)
    graph = GraphRunner(options, ledger, ArtifactStore(str(tmp_path)))
    administrator = Administrator(migrated_postgres)
    administrator.close_database()
    try:
        assert not graph.budget_exhausted
    finally:
        administrator.open_database()
        administrator.dispose()


class Administrator:
    """Takes a database away from all clients, and gives it back."""

    def __init__(self, postgres):
        import sqlalchemy

        self._name = postgres.url.rpartition("/")[2].partition("?")[0]
        self._engine = sqlalchemy.create_engine(postgres.server.url, isolation_level="AUTOCOMMIT")
        self._text = sqlalchemy.text
        self._away = False

    def close_database(self):
        self._run(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS false")
        self._away = True
        self._run(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
            f"WHERE datname = '{self._name}'"
        )

    def open_database(self):
        if self._away:
            self._run(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS true")
        self._away = False

    def dispose(self):
        self._engine.dispose()

    def _run(self, statement):
        with self._engine.connect() as connection:
            connection.execute(self._text(statement))
