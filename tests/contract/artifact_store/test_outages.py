"""An artifact store that fails, refuses or restarts, and writers that are killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.embedded.storage import StorageServer
from pipeline.embedded.storage_http import Reply
from tests.contract.artifact_store.support import JSON, LARGE, REQUEST
from tests.every_row import failures
from transforms.artifacts import ArtifactConflict, ArtifactStore
from transforms.errors import ConfigurationFault, DependencyDown
from transforms.process import retry


def everything(store, tmp_path):
    """Return every call of a store; some work on an artifact that is stored here."""
    for name in store.list(REQUEST):
        store.delete(REQUEST, name)
    artifact = store.put(REQUEST, "there.json", b"there", JSON)
    return {
        "put": lambda: store.put(REQUEST, "new.json", b"new", JSON),
        "put large": lambda: store.put(REQUEST, "large", b"x" * LARGE, JSON),
        "replace": lambda: store.put(REQUEST, "there.json", b"new", JSON, replace=True),
        "fetch": lambda: store.fetch(artifact, tmp_path / "copy").read_bytes(),
        "read": lambda: store.read(REQUEST, "there.json"),
        "stat": lambda: store.stat(REQUEST, "there.json").size,
        "verify": lambda: store.verify(artifact),
        "list": lambda: store.list(REQUEST)[-1],
        "delete": lambda: store.delete(REQUEST, "there.json"),
    }


@pytest.fixture
def server(monkeypatch):
    """A Cloud Storage server of the test's own, for faults."""
    with StorageServer() as server:
        for name, value in server.client_environment().items():
            monkeypatch.setenv(name, value)
        server.create_bucket("bucket")
        yield server


@pytest.fixture
def faulty(server):
    return ArtifactStore("gs://bucket/lessons")


class Failing:
    """An interceptor that gives another reply to the first `times` calls."""

    def __init__(self, times, reply):
        self.times = times
        self.reply = reply
        self.calls = []

    def __call__(self, call, proceed):
        self.calls.append(call)
        return self.reply(proceed) if len(self.calls) <= self.times else proceed()


def damaged(proceed):
    reply = proceed()
    return replace(reply, body=reply.body[:-1] + b"?")


PASSING = {
    "503": lambda proceed: Reply(503),
    "500": lambda proceed: Reply(500),
    "429": lambda proceed: Reply(429),
    "408": lambda proceed: Reply(408),
    "hangs up": lambda proceed: None,
    "loses the answer": lambda proceed: proceed() and None,
}


def test_every_call_survives_passing_faults(server, faulty, tmp_path, impatient):
    def check(name, fault):
        server.intercept = lambda call, proceed: proceed()
        call = everything(faulty, tmp_path)[name]
        server.intercept = Failing(2, PASSING[fault])
        answer = call()
        assert len(server.intercept.calls) > 2
        if name in {"put", "put large", "replace"}:
            assert faulty.verify(answer)
        elif name == "delete":
            # If the answer is lost, the first try deletes the object and the second finds none.
            assert answer is (fault != "loses the answer")
            assert faulty.read(REQUEST, "there.json") is None
        else:
            assert answer in (b"there", 5, True, "there.json")

    pairs = [(name, fault) for name in everything(faulty, tmp_path) for fault in PASSING]
    assert not failures(pairs, check)


def test_damaged_download_is_repeated(server, faulty, tmp_path):
    call = everything(faulty, tmp_path)["fetch"]
    server.intercept = Failing(1, damaged)
    assert call() == b"there"


def test_lasting_fault_is_dependency_down(server, faulty, tmp_path, impatient):
    calls = everything(faulty, tmp_path)
    for reply in (Reply(503), None):
        for call in calls.values():
            server.intercept = Failing(10_000, lambda proceed, reply=reply: reply)
            with pytest.raises(DependencyDown, match="artifacts is down"):
                call()
            assert len(server.intercept.calls) > 1
    server.stop()
    for call in calls.values():
        with pytest.raises(DependencyDown, match="artifacts is down"):
            call()


def test_refusal_is_configuration_fault_at_once(server, faulty, tmp_path):
    calls = everything(faulty, tmp_path)
    for status in (401, 403):
        for call in calls.values():
            server.intercept = Failing(10_000, lambda proceed, status=status: Reply(status))
            with pytest.raises(ConfigurationFault, match="artifacts"):
                call()
            assert len(server.intercept.calls) == 1


def test_missing_bucket_is_configuration_fault(server):
    store = ArtifactStore("gs://no-such-bucket/lessons")
    for call in (lambda: store.put(REQUEST, "a", b"x", JSON), lambda: store.list(REQUEST)):
        with pytest.raises(ConfigurationFault, match="no-such-bucket"):
            call()


def test_restarted_server_is_reached_again(server, faulty, monkeypatch):
    faulty.put(REQUEST, "a", b"x", JSON)
    server.stop()
    tried = threading.Event()
    original = retry.RetryPolicy.delay

    def delay(policy, failures, retry_after):
        tried.set()
        return original(policy, failures, retry_after)

    monkeypatch.setattr(retry.RetryPolicy, "delay", delay)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(faulty.read, REQUEST, "a")
        assert tried.wait(60)
        server.start()
        assert reading.result() == b"x"


def test_lost_answer_does_not_hide_a_conflict(server, faulty):
    def intercept(call, proceed):
        if call.method == "POST":
            server.intercept = lambda call, proceed: proceed()
            faulty.put(REQUEST, "a", b"theirs", JSON)
            return None
        return proceed()

    server.intercept = intercept
    with pytest.raises(ArtifactConflict):
        faulty.put(REQUEST, "a", b"mine", JSON)
    assert faulty.read(REQUEST, "a") == b"theirs"


def test_concurrent_replacement_is_detected(server, faulty):
    faulty.put(REQUEST, "a", b"old", JSON)
    posts = []

    def intercept(call, proceed):
        posts.extend([call] if call.method == "POST" else [])
        if call.method == "POST" and len(posts) == 2:  # the first finds that something is there
            server.intercept = lambda call, proceed: proceed()
            faulty.put(REQUEST, "a", b"theirs", JSON, replace=True)
            server.intercept = intercept
        return proceed()

    server.intercept = intercept
    mine = faulty.put(REQUEST, "a", b"mine", JSON, replace=True)
    assert [int(call.query["ifGenerationMatch"][0]) > 0 for call in posts] == [False, True, True]
    assert faulty.verify(mine)


WRITER = f"""
import os, sys, time
from transforms.artifacts import ArtifactStore
def slow(source, target):
    print("writing", flush=True)
    time.sleep(600)
if sys.argv[2] == "folder":
    os.link = slow
ArtifactStore(sys.argv[1]).put("{REQUEST}", "video.mp4", b"x" * {LARGE}, "video/mp4")
"""


def test_killed_writer_leaves_no_artifact(tmp_path):
    store = ArtifactStore(str(tmp_path))
    store.put(REQUEST, "other.json", b"x", JSON)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, store.root, "folder"], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"writing\n"
        writer.send_signal(signal.SIGKILL)
    left = [p.name for p in (tmp_path / REQUEST).iterdir() if p.name != "other.json"]
    assert len(left) == 1
    assert left[0].startswith(".video.mp4.")
    assert store.read(REQUEST, "video.mp4") is None
    assert store.list(REQUEST) == ("other.json",)
    assert store.sweep(timedelta(hours=1)) == 0
    assert store.sweep(timedelta(0)) == 1
    assert store.list(REQUEST) == ("other.json",)
    assert store.verify(store.put(REQUEST, "video.mp4", b"x" * LARGE, "video/mp4"))
    assert sorted(p.name for p in (tmp_path / REQUEST).iterdir()) == ["other.json", "video.mp4"]


def test_killed_upload_leaves_no_artifact(server, faulty):
    arrived, go_on = threading.Event(), threading.Event()

    def intercept(call, proceed):
        reply = proceed()  # opens the upload session
        arrived.set()
        go_on.wait(60)
        return reply

    server.intercept = intercept
    with subprocess.Popen([sys.executable, "-c", WRITER, faulty.root, "cloud"]) as writer:
        assert arrived.wait(60)
        writer.send_signal(signal.SIGKILL)
    server.intercept = lambda call, proceed: proceed()
    go_on.set()
    assert faulty.read(REQUEST, "video.mp4") is None
    assert faulty.list(REQUEST) == ()
    assert faulty.sweep(timedelta(0)) == 0
    assert faulty.verify(faulty.put(REQUEST, "video.mp4", b"x" * LARGE, "video/mp4"))
