"""Audio lessons under a small quota of Text-to-Speech, with random faults."""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import grpc
import pytest

from benchmarks import fake_services
from benchmarks.lesson import SCRIPT
from benchmarks.quota import needed_characters
from benchmarks.stubs import StubEngine, install
from pipeline.cli import app
from tests import fork_server
from tests.contract.fakes.speech_rules import Failure
from tests.contract.fakes.texttospeech import FakeSpeech, serve
from tests.e2e import command
from transforms.ledger import Ledger
from transforms.script.engines.script_engine import Written

LESSON = replace(SCRIPT, scenes=SCRIPT.scenes + SCRIPT.scenes[:1])
"""A lesson of a minute that needs two requests."""

LESSONS = 6
CHARACTERS = "text-to-speech/chirp3-hd/characters"
FAULTS = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL)


class ShortLesson(StubEngine):
    """Writes the lesson."""

    def write(self, request, *, calls, repair=None):
        return Written(LESSON)


def run(*arguments: str) -> None:
    """Run a command with the fake service; in a process of its own."""
    fake_services.install()
    install(ShortLesson())
    sys.exit(app.main(arguments))


@pytest.fixture
def google() -> Iterator[FakeSpeech]:
    """Serve real speech, 3 requests a second, one fault in five."""
    chance = random.Random(1)

    def disturb() -> None:
        if chance.random() < 1 / 5:
            raise Failure(chance.choice(FAULTS))

    with serve("grpc") as fake:
        fake.quota, fake.disturb = (3, 1.0), disturb
        yield fake


@pytest.mark.nightly
def test_lessons_under_a_quota_are_completed(google, migrated_postgres, tmp_path):
    requests = [command.request(requested_modalities=["audio"]) for _ in range(LESSONS)]
    output, log = tmp_path / "output", tmp_path / "log"
    with output.open("w") as stdout, log.open("w") as stderr:
        job = fork_server.start(
            run,
            "batch",
            str(command.jsonl(tmp_path / "requests.jsonl", requests)),
            f"--database={migrated_postgres.url}",
            f"--artifacts={tmp_path / 'artifacts'}",
            *("--voice-engine=google", f"--workers={LESSONS}"),
            stdout=stdout,
            stderr=stderr,
            environment={**os.environ, "FAKE_SPEECH": google.endpoint},
        )
        assert job.wait(120) == 0, log.read_text()
    assert command.summary(output.read_text())["completed"] == LESSONS
    assert len(google.requests) > len(google.spoken)  # some were refused
    assert len(google.spoken) <= 10 * LESSONS
    assert google.billed <= 1.02 * LESSONS * needed_characters(LESSON)
    ledger = Ledger(migrated_postgres.url)
    calls = ledger.run("SELECT outcome, usage, reason FROM calls WHERE stage = 'narration'")
    ledger.close()
    assert Counter(call["outcome"] for call in calls) == {
        "answered": len(google.spoken),
        "failed": len(google.requests) - len(google.spoken),
    }
    assert sum(call["usage"].get(CHARACTERS, 0) for call in calls) == google.billed
    first = [call for call in calls if not call["reason"]]
    assert len(first) == LESSONS * 2
    assert len(calls) - len(first) >= sum(call["outcome"] == "failed" for call in calls)
