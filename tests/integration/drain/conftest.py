"""A subscription, a stand-in for the graph, and short times."""

from __future__ import annotations

import pytest

from pipeline.jobs import drain as drain_module
from tests.integration.drain_support import Graph


@pytest.fixture
def graph():
    graph = Graph()
    yield graph
    graph.gate.set()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Shorter times than a real service needs."""
    monkeypatch.setattr(drain_module, "LINGERING_PULL", 1.1)
    monkeypatch.setattr(drain_module, "EMPTY_PULL_PAUSE", 0.02)
