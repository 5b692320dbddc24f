"""The number of SQL statements of texts does not depend on the size of their bundle."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

import pytest

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.settings.beam_options import VividlyOptions
from tests.integration import stand_ins
from tests.integration.ledger_support import take
from transforms.artifacts import ArtifactStore
from transforms.ledger import ClaimRequest, Ledger, database, upgrade
from transforms.model import Message
from transforms.parse import parse
from transforms.script.engines.offline.offline_writer import OfflineScriptEngine
from transforms.stage.lapsed_claims import lapsed_claims_meter

OF_BUNDLE = {
    "text": ["interrupted", "claim", "complete"],
    "video": ["interrupted", "claim", "script"],
}
"""The statements of a bundle, by modality. A stage is recorded when the next one begins, the last
stage with the completion. A single message is claimed without a look for interrupted ones."""

OF_REQUEST = {"text": [], "video": ["enter", "narration", "enter", "complete"]}
"""Further statements of each request: heavy requests are worked one after the other.

The claim enters the first stage, and publishing goes on under the entry of the last."""


class Place:
    """A graph, its ledger, and a counter of statements."""

    def __init__(self, url, folder, monkeypatch):
        upgrade(url)
        self.ledger = Ledger(url)
        self.graph = GraphRunner(VividlyOptions([]), self.ledger, ArtifactStore(str(folder)))
        lapsed_claims_meter(self.ledger).refresh()  # counted once a minute, beside the bundles
        self._statements = 0
        counting = threading.Lock()
        execute = database._execute

        def counted(*arguments):
            with counting:
                self._statements += 1
            return execute(*arguments)

        monkeypatch.setattr(database, "_execute", counted)

    def statements(self, *messages: Message) -> int:
        """Process messages in one bundle; return the number of statements."""
        before = self._statements
        outcomes = self.graph.run(messages)
        assert len(outcomes) == len(messages)
        return self._statements - before


@pytest.fixture
def place(postgres, tmp_path, monkeypatch):
    stand_ins.install(monkeypatch)
    return Place(postgres.url, tmp_path, monkeypatch)


@pytest.mark.parametrize("requests", [1, 40])
@pytest.mark.parametrize("modality", ["text", "video"])
def test_statements_of_bundle_are_counted(place, requests, modality):
    bundle = [
        stand_ins.message(stand_ins.request(requested_modalities=[modality]))
        for _ in range(requests)
    ]
    of_bundle = OF_BUNDLE[modality][requests == 1 :]
    asked = len(of_bundle) + requests * len(OF_REQUEST[modality])
    assert place.statements(*bundle) == asked
    assert place.ledger.totals().completed == requests
    connections = place.ledger.run(
        "SELECT count(*) AS open FROM pg_stat_activity WHERE datname = current_database()"
    )
    assert connections[0]["open"] <= place.ledger.pool_size


def test_invalid_and_redelivered_messages_take_few_statements(place):
    bad = [stand_ins.message(b"no request") for _ in range(40)]
    assert place.statements(*bad) == 1
    good = [stand_ins.message(stand_ins.request(requested_modalities=["text"])) for _ in range(40)]
    place.statements(*good)
    assert place.statements(*good) == 2  # settled before: only "interrupted" and "claim"


def test_redelivered_message_is_processed_alone(place, monkeypatch):
    fields = [stand_ins.request(requested_modalities=["text"]) for _ in range(6)]
    messages = [
        Message(json.dumps(f).encode(), {}, str(n), datetime.now(UTC)) for n, f in enumerate(fields)
    ]
    take(place.ledger, ClaimRequest(messages[3], parse(messages[3].data)))
    written: list[str] = []
    claims_at_write: list[int] = []
    write = OfflineScriptEngine.write

    def watched(engine, request, *, calls):
        written.append(request.request_id)
        claims_at_write.append(len(place.ledger.requests()))
        return write(engine, request, calls=calls)

    monkeypatch.setattr(OfflineScriptEngine, "write", watched)
    outcomes = place.graph.run(messages)
    assert [o.status for o in outcomes] == ["completed"] * 6
    assert written[0] == fields[3]["request_id"]
    assert claims_at_write[0] == 1  # no other request was claimed with it
