"""What the integration tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Database
from tests.integration.ledger_support import accounts_balance
from transforms.ledger import Ledger, upgrade


@pytest.fixture
def ledger(postgres: Database) -> Iterator[Ledger]:
    """The ledger of a fresh database; whatever a test does to it, its accounts must balance."""
    upgrade(postgres.url)
    ledger = Ledger(postgres.url)
    yield ledger
    assert accounts_balance(ledger)
    ledger.close()
