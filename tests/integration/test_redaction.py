"""Log lines hold every outcome and never the words of a student."""

from __future__ import annotations

import json
import logging
import uuid
from collections import deque

import pytest

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.jobs.scheduler import Scheduler
from pipeline.settings.beam_options import VividlyOptions
from tests.integration import stand_ins
from tests.logs_support import configured
from transforms import claim as claim_step
from transforms.artifacts import ArtifactStore
from transforms.errors import Undecided
from transforms.ledger import Ledger

WORDS = "zeppelin moonquake"
"""Words of the student only; no log line may hold them."""

SECRET = "hunter2-and-a-half"
HOSTILE = f"{WORDS} postgresql://me:{SECRET}@db/x password={SECRET} {{q}} %s %(x)s \n\r\u2028"


VALID = [
    "",
    *(f"{stage}:{kind}" for stage in ("script", "narration", "video") for kind in stand_ins.FAULTS),
    "narration:once",
    "publish:bug",
]


def hostile(fault=""):
    """Return a request whose every text is written by the student."""
    return stand_ins.request(
        fault,
        student_id=f"{WORDS} {fault}",
        student_query=f"Explain gravity {HOSTILE}",
        interest=WORDS,
        environment=WORDS,
        metadata_of_mine={WORDS: HOSTILE},
    )


def refused():
    """Return invalid messages, each with the student's words in another place."""
    twice = json.dumps(hostile())[:-1] + f', "{WORDS}": 1, "{WORDS}": 2}}'
    return [
        f"not JSON {HOSTILE}".encode(),
        twice.encode(),
        json.dumps(hostile() | {WORDS: {"deep \ud800": 1}}).encode(),
        json.dumps(hostile() | {WORDS: "control \u0007"}).encode(),
        *(
            json.dumps(hostile() | {name: HOSTILE}).encode()
            for name in ("request_id", "grade_level", "requested_modalities", "language")
        ),
    ]


@pytest.fixture
def graph(migrated_postgres, tmp_path, monkeypatch):
    stand_ins.install(monkeypatch)
    ledger = Ledger(migrated_postgres.url)
    options = VividlyOptions([], max_tries=2, max_deliveries=50)
    return GraphRunner(options, ledger, ArtifactStore(str(tmp_path / "artifacts")))


def run(graph, file, level, form="json"):
    """Run all messages through the graph; return the requests and the log."""
    requests = [hostile(fault) for fault in VALID]
    messages = [stand_ins.message(fields) for fields in [*requests, *refused()]]
    waiting = deque([*messages, stand_ins.message(requests[0])])  # the last is a duplicate
    with configured(file, level, form):
        while waiting:
            message = waiting.popleft()
            try:
                graph.run([message])
            except Undecided:
                waiting.append(message)
    return requests, file.read_text()


def test_info_log_never_quotes_a_student(graph, tmp_path):
    requests, text = run(graph, tmp_path / "log", "INFO")
    for part in (*WORDS.split(), SECRET):
        assert part not in text
    entries = [json.loads(line) for line in text.splitlines()]
    by_request: dict[str | None, list[dict]] = {}
    for entry in entries:
        labels = entry.get("logging.googleapis.com/labels", {})
        by_request.setdefault(labels.get("request_id"), []).append(entry)
    for request in requests:
        events = by_request[request["request_id"]]
        assert events
        for entry in events:
            labels = entry["logging.googleapis.com/labels"]
            assert labels["correlation_id"] == f"request-{request['request_id']}"
            trace = uuid.UUID(request["request_id"]).hex
            assert entry["logging.googleapis.com/trace"] == f"projects/my-project/traces/{trace}"
            assert "stage" in labels
            assert "attempt" in labels or entry.get("status") == "duplicate"
        assert [e for e in events if "status" in e], "the outcome is logged"
    dead = [e for e in by_request[None] if e.get("status") == "dead_lettered"]
    assert len(dead) == len(refused())
    assert {e["field"] for e in dead if "field" in e} == {
        "message", "request_id", "grade_level", "requested_modalities", "language",
    }  # fmt: skip


def test_bug_is_logged_with_its_line(graph, tmp_path):
    requests, text = run(graph, tmp_path / "log", "INFO")
    bugs = [r["request_id"] for r in requests if r["fault"].endswith(":bug")]
    entries = [json.loads(line) for line in text.splitlines()]
    traces = [e["stack_trace"] for e in entries if "stack_trace" in e]
    assert len(traces) == len(bugs)
    for trace in traces:
        assert trace.startswith("ValueError\nwhich led to\nKeyError\n  at ")
        assert "stand_ins.py:" in trace


def test_debug_log_has_text_but_no_secrets(graph, tmp_path):
    _, text = run(graph, tmp_path / "log", "DEBUG")
    assert SECRET not in text
    entries = [json.loads(line) for line in text.splitlines()]
    quoting = {e["severity"] for e in entries if any(w in json.dumps(e) for w in WORDS.split())}
    assert quoting == {"DEBUG"}


def test_text_format_never_quotes_a_student(graph, tmp_path):
    _, text = run(graph, tmp_path / "log", "INFO", "text")
    for part in (*WORDS.split(), SECRET):
        assert part not in text


def test_broken_run_never_quotes_a_student(graph, tmp_path, monkeypatch):
    """Errors outside a stage make no dead letter: Beam raises, and the scheduler logs it."""

    def broken(*_):
        raise KeyError(HOSTILE)

    monkeypatch.setattr(claim_step._Claim, "_decide", broken)
    done = []
    with configured(tmp_path / "log") as file:
        scheduler = Scheduler(graph, 1, lambda messages, outcomes: done.append(outcomes), 1.0)
        scheduler.submit(stand_ins.message(hostile()), heavy=False)
        while not done:
            pass
        scheduler.close(10.0)
    [entry] = [json.loads(line) for line in file.read_text().splitlines()]
    assert done == [[]]
    assert entry["severity"] == "ERROR"
    assert "KeyError" in entry["stack_trace"]
    for part in (*WORDS.split(), SECRET):
        assert part not in json.dumps(entry)


def test_row_quoted_by_postgres_is_left_out(graph, migrated_postgres, caplog):
    """Error messages of Postgres quote the refused row."""
    ledger = Ledger(migrated_postgres.url)
    with caplog.at_level(logging.INFO), pytest.raises(Exception, match="SQLSTATE") as caught:
        ledger.run("SELECT CAST(:words AS uuid)", words=WORDS)
    assert WORDS.split()[0] not in f"{caught.value!r} {caught.value.__cause__!r} {caplog.text}"
