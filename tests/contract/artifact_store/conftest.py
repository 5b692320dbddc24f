"""Retries without waiting, for tests of the artifact store."""

from __future__ import annotations

import pytest

from transforms.process import retry
from transforms.process.backoff import Backoff


@pytest.fixture
def impatient(monkeypatch):
    """Retry at once, and give up after three tries."""
    policy = retry.RetryPolicy(timeout=60, tries=3, backoff=Backoff(0.001, 0.001))
    monkeypatch.setattr("transforms.artifacts.retries._PATIENCE", policy)
