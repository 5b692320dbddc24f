"""Bundles that a runner repeats after a failure lose no message and do no work twice.

Dataflow acknowledges messages first and repeats a bundle until it succeeds. Here each run of the
graph is one such bundle.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.settings.beam_options import VividlyOptions
from transforms.artifacts import ArtifactStore, retries
from transforms.errors import DependencyDown
from transforms.ledger import ClaimRequest, Ledger, upgrade
from transforms.model import Message
from transforms.parse import parse
from transforms.process.retry import RetryPolicy

LEASE = timedelta(minutes=2)


class Place:
    """A graph with its ledger and artifact store."""

    def __init__(self, url, folder):
        upgrade(url)
        self.ledger = Ledger(url)
        self.root = folder / "artifacts"
        graph = GraphRunner(VividlyOptions([]), self.ledger, ArtifactStore(str(self.root)))
        self.run = graph.run

    def outcomes(self, *messages):
        return {outcome.message_id: outcome.status for outcome in self.run(messages)}

    def claim(self, message):
        """Claim a request and do no work, as a worker that is killed after its claim."""
        [result] = self.ledger.claim([ClaimRequest(message, parse(message.data))], LEASE)
        return result


@pytest.fixture
def place(postgres, tmp_path):
    return Place(postgres.url, tmp_path)


@pytest.fixture
def pair():
    """Two messages of one request."""
    fields = {
        "request_id": str(uuid.uuid4()),
        "student_id": "s",
        "student_query": "Explain gravity",
        "grade_level": 8,
        "requested_modalities": ["text"],
    }
    return [Message(json.dumps(fields).encode(), {}, name, datetime.now(UTC)) for name in "ab"]


def test_owner_of_claim_works_after_its_duplicate(place, pair):
    first, second = pair
    assert place.claim(second).kind == "new"
    assert place.outcomes(first, second) == {"a": "duplicate", "b": "completed"}


def test_duplicates_complete_once_after_worker_death(place, pair):
    first, second = pair
    # A worker filters the second message as a duplicate, and is killed before it claims the first.
    place.ledger.duplicates([(second, parse(second.data).request_id)])
    assert sorted(place.outcomes(second, first).values()) == ["completed", "duplicate"]


def test_next_message_takes_over_expired_claim(place, pair):
    first, second = pair
    place.ledger.claim([ClaimRequest(first, parse(first.data))], timedelta(0))
    assert place.outcomes(second) == {"b": "completed"}
    assert place.outcomes(first) == {"a": "duplicate"}  # the bundle of the first, repeated late
    totals = place.ledger.totals()
    assert (totals.completed, totals.duplicates, totals.in_flight) == (1, 1, 0)


def test_long_outage_makes_no_dead_letters(place, pair, monkeypatch):
    monkeypatch.setattr(retries, "_PATIENCE", RetryPolicy(0.01, 1))
    place.root.write_text("a file where the folder should be")
    for _ in range(7):  # more often than a message may be delivered
        with pytest.raises(DependencyDown, match="artifacts"):
            place.run(pair[:1])
    assert place.ledger.totals().in_flight == 1
    place.root.unlink()
    assert place.outcomes(pair[0]) == {"a": "completed"}
