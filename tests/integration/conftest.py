"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.embedded.postgres import EmbeddedPostgres
from tests import pgbouncer
from tests.conftest import Database, PubSub
from tests.integration.drain_support import Queue
from tests.integration.ledger_support import accounts_balance, totals_match
from tests.integration.stage_support import Clock, Place
from transforms.ledger import Ledger
from transforms.stage import heartbeat


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests of the ledger through PgBouncer too if marked `pooled`, all with --pgbouncer."""
    if "route" not in metafunc.fixturenames:
        return
    if metafunc.config.getoption("pgbouncer"):
        metafunc.parametrize("route", ["pgbouncer"], indirect=True)
    elif metafunc.definition.get_closest_marker("pooled"):
        metafunc.parametrize("route", ["direct", "pgbouncer"], indirect=True)


@pytest.fixture(scope="session")
def bouncer(postgres_server: EmbeddedPostgres) -> Iterator[pgbouncer.PgBouncer]:
    """A PgBouncer with transaction pooling and its default settings."""
    with pgbouncer.serving(postgres_server.url) as bouncer:
        yield bouncer


@pytest.fixture
def route(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Return a function from a database's URL to the one that the test uses."""
    if getattr(request, "param", "direct") == "direct":
        return str
    bouncer: pgbouncer.PgBouncer = request.getfixturevalue("bouncer")
    return bouncer.url


@pytest.fixture
def ledger(
    request: pytest.FixtureRequest, migrated_postgres: Database, route: Callable[[str], str]
) -> Iterator[Ledger]:
    """Open the ledger of a new database; its accounts must balance after the test.

    Its totals must be those of its rows, unless the test is marked `changes_rows`.
    """
    ledger = Ledger(route(migrated_postgres.url))
    yield ledger
    assert accounts_balance(ledger)
    assert request.node.get_closest_marker("changes_rows") or totals_match(ledger)
    ledger.close()


@pytest.fixture
def queue(pubsub: PubSub) -> Queue:
    """A new topic and its subscription."""
    return Queue(pubsub.project)


@pytest.fixture
def place(ledger: Ledger, tmp_path: Path) -> Place:
    """Steps of the graph over a fresh ledger and store."""
    return Place(ledger, tmp_path / "artifacts")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock of the heartbeat thread that the test moves."""
    clock = Clock()
    renew = Ledger.heartbeat

    def counted(*arguments, **named):
        clock.begun.release()
        return renew(*arguments, **named)

    monkeypatch.setattr(Ledger, "heartbeat", counted)
    monkeypatch.setattr(heartbeat, "time", clock)
    return clock
