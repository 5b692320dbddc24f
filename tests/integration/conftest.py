"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.integration.ledger_support import accounts_balance
from tests.integration.stage_support import Clock, Place
from transforms.ledger import Ledger
from transforms.stage import heartbeat


@pytest.fixture
def ledger(migrated_postgres: Database) -> Iterator[Ledger]:
    """Open the ledger of a new database; its accounts must balance after the test."""
    ledger = Ledger(migrated_postgres.url)
    yield ledger
    assert accounts_balance(ledger)
    ledger.close()


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
