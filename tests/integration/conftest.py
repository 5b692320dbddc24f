"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.integration.ledger_support import accounts_balance
from tests.integration.stage_support import Clock, Place
from transforms.ledger import Ledger, upgrade
from transforms.stage import heartbeat


@pytest.fixture
def ledger(postgres: Database) -> Iterator[Ledger]:
    """A ledger in a fresh database; its counts must balance at the end of every test."""
    upgrade(postgres.url)
    ledger = Ledger(postgres.url)
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
