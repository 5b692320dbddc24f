"""Equal failures of an engine in a row: a built-in request tells what is at fault."""

from __future__ import annotations

import json
import os
import re
import shutil

import pytest

from tests.e2e import command
from tests.integration.drain_support import Queue
from transforms.stage.canary import STUDENT

BROKEN = """
def complete(prompt, style):
    raise KeyError(prompt)
"""
FAILS_FOR_SOME = """
def complete(prompt, style):
    if prompt == "worse":
        raise KeyError(prompt)
    return prompt
"""
USES_UP_HANDLES = """
import resource

resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
held = []


def complete(prompt, style):
    try:
        while True:
            held.append(open("/dev/null"))
    except OSError:
        raise RuntimeError("the service does not answer") from None
"""
WORKS = FAILS_FOR_SOME.replace("worse", "")


@pytest.fixture
def place(echo_package, ledger, tmp_path):
    """Return a function that runs a command with the sample engines and a client library."""
    package = shutil.copytree(echo_package, tmp_path / "package")
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(package), os.getenv("PYTHONPATH")])),
        "VIVIDLY_DATABASE": ledger.url,
        "VIVIDLY_ARTIFACTS": str(tmp_path / "artifacts"),
        "VIVIDLY_SCRIPT_ENGINE": "echo",
        "VIVIDLY_VOICE_ENGINE": "tone",
        "VIVIDLY_WORKERS": "1",
    }

    def run(client, *arguments, voice_fails=False, **more):
        (package / "echo_client.py").write_text(client)
        if voice_fails:
            voice = package / "vividly_echo" / "tone_voice.py"
            works = voice.read_text()
            voice.write_text(works.replace("return Recording(", "return self.nothing("))
        return command.run(*arguments, **environment, **more)

    return run


def requests(query, count):
    return [command.request(query, requested_modalities=["audio"]) for _ in range(count)]


def test_engine_broken_for_all_stops_batch(place, ledger, tmp_path):
    file = command.jsonl(tmp_path / "r.jsonl", requests("words of a student", 7))
    done = place(BROKEN, "batch", file)
    assert done.returncode == 3, done.stderr
    assert "script stage is misconfigured: 5 messages in a row failed with KeyError" in done.stderr
    assert "echo_client.py:3, and the built-in request failed with KeyError" in done.stderr
    assert "words of a student" not in done.stderr
    summary = command.summary(done.stdout)
    assert (summary["exit_reason"], summary["dead_lettered"]) == ("configuration_fault", 0)
    assert ledger.dead_letters() == []
    [canary] = [row for row in ledger.requests() if row.student_id == STUDENT]
    assert (canary.status, canary.error_type) == ("failed", "KeyError")


def test_bad_messages_do_not_stop_batch(place, ledger, tmp_path):
    bad, good = requests("worse", 6), requests("What is sound?", 2)
    done = place(FAILS_FOR_SOME, "batch", command.jsonl(tmp_path / "r.jsonl", bad + good))
    assert done.returncode == 0, done.stderr
    summary = command.summary(done.stdout)
    assert (summary["dead_lettered"], summary["completed"]) == (6, 2)
    assert "canary of the script stage passed after 5 equal failures in a row" in done.stderr
    [canary] = [row for row in ledger.requests() if row.student_id == STUDENT]
    assert canary.status == "completed"
    assert canary.cost_usd == pytest.approx(len("Explain photosynthesis") * 0.1)
    [spent] = [row for row in ledger.costs("engine") if row.key == "echo"]
    assert spent.done == 3


def test_engine_broken_in_child_stops_drain(place, ledger, pubsub):
    queue = Queue(pubsub.project)
    sent = [json.dumps(each).encode() for each in requests("What is sound?", 6)]
    queue.publish(*sent)
    done = place(
        WORKS,
        "drain",
        voice_fails=True,
        VIVIDLY_SUBSCRIPTION=queue.name,
        VIVIDLY_EMPTY_QUEUE_TIMEOUT="5",
    )
    assert done.returncode == 3, done.stderr
    assert re.search("narration stage is misconfigured: [2-5] messages in a row", done.stderr)
    assert "AttributeError at package/vividly_echo/tone_voice.py:" in done.stderr
    summary = command.summary(done.stdout)
    assert summary["in_flight"] == summary["received"]
    assert ledger.dead_letters() == []
    assert queue.left() == set(sent)


def test_engine_that_uses_up_file_handles_is_a_worker_fault(place, ledger, tmp_path):
    file = command.jsonl(tmp_path / "r.jsonl", requests("What is sound?", 2))
    done = place(USES_UP_HANDLES, "batch", file)
    assert done.returncode == 3, done.stderr
    assert "this worker cannot go on: open files: Too many open files; raise the" in done.stderr
    summary = command.summary(done.stdout)
    assert (summary["exit_reason"], summary["dead_lettered"]) == ("worker_fault", 0)
    assert ledger.dead_letters() == []
