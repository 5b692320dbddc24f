"""A drain with Gemini stops on faults of its set-up, and goes on with fallbacks otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.fakes.lessons import answer, lesson
from tests.contract.fakes.vertex import (
    VertexServer,
    body,
    failure,
    stopped,
    text_reply,
    vertex_server,
)
from tests.e2e import command
from tests.integration.drain_support import Queue
from transforms.stage.canary import STUDENT

FIRST = "gemini-3.5-flash-lite"
SECOND = "gemini-2.5-flash"
GOOD = json.dumps(answer(lesson()))
COUNTED = body({"totalTokens": 1})
FALLBACK = f"--script-fallback={SECOND}"


@pytest.fixture(scope="module")
def _running() -> Iterator[VertexServer]:
    with vertex_server() as running:
        yield running


@pytest.fixture
def server(_running: VertexServer) -> VertexServer:
    return _running


@pytest.fixture
def queue(pubsub) -> Queue:
    return Queue(pubsub.project)


@pytest.fixture
def environment(server, ledger, queue, tmp_path):
    """Return the settings of a drain with Gemini on the fake server."""
    return {
        "GEMINI_API_KEY": "key-1",
        "NO_PROXY": "127.0.0.1",
        "VIVIDLY_GEMINI_ENDPOINT": server.url,
        "VIVIDLY_SCRIPT_ENGINE": "gemini",
        "VIVIDLY_DATABASE": ledger.url,
        "VIVIDLY_ARTIFACTS": str(tmp_path / "artifacts"),
        "VIVIDLY_SUBSCRIPTION": queue.name,
        "VIVIDLY_WORKERS": "1",
        "VIVIDLY_EMPTY_QUEUE_TIMEOUT": "3",
    }


@pytest.fixture
def drain(environment):
    """Return a function that drains the queue."""
    return lambda *arguments: command.run("drain", *arguments, **environment)


def publish(queue: Queue, count: int = 1) -> list[str]:
    """Publish requests for texts and return their ids."""
    requests = [command.request() for _ in range(count)]
    queue.publish(*(json.dumps(each).encode() for each in requests))
    return [str(each["request_id"]) for each in requests]


def stage(folder: Path, request_id: str) -> dict:
    """Return the script stage in a request's manifest."""
    manifest = json.loads((folder / "artifacts" / request_id / "manifest.json").read_text())
    return manifest["stages"][0]


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ([failure(404, "NOT_FOUND", "retired")], "404 NOT_FOUND: retired.*choose another --gemini"),
        ([COUNTED, failure(401, "UNAUTHENTICATED")], "401.*credentials or the API key"),
        ([COUNTED, failure(403, "PERMISSION_DENIED", "billing")], "403.*enable billing"),
        ([COUNTED, failure(404, "NOT_FOUND")], "404.*choose another --gemini-model"),
        (
            [COUNTED, failure(400, "INVALID_ARGUMENT", "The specified schema is too large")],
            "schema is too large .*--gemini-thinking",
        ),
        (
            [COUNTED, failure(400, "INVALID_ARGUMENT", "invalid argument")],
            "script stage is misconfigured.*CallRejected",
        ),
    ],
    ids=["404 at start", "401", "403", "404", "schema", "400 of all"],
)
def test_fault_of_set_up_acknowledges_nothing(server, ledger, queue, drain, replies, expected):
    publish(queue, 6)
    server.set_replies(*replies)
    done = drain()
    assert done.returncode == 3, done.stderr
    assert ledger.dead_letters() == []
    assert {row.status for row in ledger.requests() if row.student_id != STUDENT} <= {"running"}
    assert len(queue.left()) == 6
    said = done.stderr.strip().splitlines()[-1]
    assert re.search(expected, said), said


def test_job_fails_at_start_in_the_words_of_check(server, drain, environment):
    server.set_replies(failure(404, "NOT_FOUND", "retired"))
    checked = command.run("check", "drain", "--json", **environment)
    [finding] = [each for each in json.loads(checked.stdout) if each["name"] == "script engine"]
    said = f"script engine is misconfigured: {finding['detail']}; {finding['remedy']}"
    assert said in drain().stderr


def test_outage_at_start_stops_no_job(server, queue, drain):
    publish(queue)
    server.set_replies(failure(503, "UNAVAILABLE"), text_reply(GOOD))
    done = drain()
    assert done.returncode == 0, done.stderr
    assert "script engine could not be checked: gemini-3.5-flash-lite answered 503" in done.stderr
    assert command.summary(done.stdout)["completed"] == 1


def test_fallback_is_recorded_with_its_model(server, ledger, queue, drain, tmp_path):
    [request_id] = publish(queue)
    server.set_replies(
        COUNTED, COUNTED, stopped("OTHER"), stopped("RECITATION"), text_reply(GOOD, model=SECOND)
    )
    done = drain(FALLBACK, f"--report={tmp_path / 'report.html'}")
    assert done.returncode == 0, done.stderr
    [row] = ledger.stages(request_id)
    assert (row.engine, row.model, row.fallback) == ("gemini", SECOND, True)
    assert row.usage[f"{FIRST}/input-tokens"] == 2_000, "unusable answers are billed"
    recorded = stage(tmp_path, request_id)
    assert (recorded["model"], recorded["fallback"]) == (SECOND, True)
    script = json.loads((tmp_path / "artifacts" / request_id / "script.json").read_text())
    assert (script["model"], script["fallback"]) == (SECOND, True)
    assert f"gemini, {SECOND}, fallback" in (tmp_path / "report.html").read_text()


def test_offline_fallback_is_recorded_as_engine(server, ledger, queue, drain):
    [request_id] = publish(queue)
    server.set_replies(COUNTED, stopped("OTHER"))
    done = drain("--script-fallback=offline")
    assert done.returncode == 0, done.stderr
    [row] = ledger.stages(request_id)
    assert (row.engine, row.model, row.fallback) == ("offline", "", True)


def test_model_retired_during_job_is_replaced_once(server, ledger, queue, drain):
    ids = publish(queue, 3)
    good = text_reply(GOOD, model=SECOND)
    server.set_replies(COUNTED, COUNTED, failure(404, "NOT_FOUND"), good)
    done = drain(FALLBACK)
    assert done.returncode == 0, done.stderr
    assert [row.model for each in ids for row in ledger.stages(each)] == [SECOND] * 3
    said = f"the model {FIRST} is retired; this process goes on with {SECOND}"
    assert done.stderr.count(said) == 1
    asked = sum(f"{FIRST}:generateContent" in each.path for each in server.requests)
    assert asked in (1, 2), "two threads may ask before either knows"


def test_unusable_answers_become_a_retryable_dead_letter(server, ledger, queue, drain):
    publish(queue)
    server.set_replies(COUNTED, text_reply("I am a poet"))
    done = drain()
    assert done.returncode == 0, done.stderr
    [letter] = ledger.dead_letters()
    assert (letter.stage, letter.error_type, letter.retryable) == ("script", "UnusableAnswer", True)
    assert len(server.requests) == 3


def test_unpriced_model_is_refused_or_allowed(server, ledger, queue, drain):
    [request_id] = publish(queue)
    refused = drain("--gemini-model=gemini-flash-latest")
    assert refused.returncode == 2
    assert "no price is known for 'gemini-flash-latest/input-tokens'" in refused.stderr
    assert "--prices FILE" in refused.stderr
    server.set_replies(COUNTED, text_reply(GOOD, model="gemini-9-flash"))
    done = drain("--gemini-model=gemini-flash-latest", "--allow-unpriced")
    assert done.returncode == 0, done.stderr
    assert "gemini-9-flash/input-tokens has no price and counts as 0 US dollars" in done.stderr
    [row] = ledger.stages(request_id)
    assert (row.model, row.cost_usd) == ("gemini-9-flash", 0.0)
