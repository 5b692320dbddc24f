"""The contract of ArtifactStore, for both backends: a local folder and Cloud Storage."""

from __future__ import annotations

import errno
import hashlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from google.cloud import storage

from pipeline.embedded.storage import StorageServer
from pipeline.embedded.storage_http import Reply
from tests.every_row import failures
from transforms.artifacts import ArtifactConflict, ArtifactCorrupt, ArtifactStore, File, Stored
from transforms.artifacts.store import backend_of
from transforms.errors import ConfigurationFault, DependencyDown, WorkerFault
from transforms.model import Artifact
from transforms.process import retry
from transforms.process.backoff import Backoff

JSON = "application/json"
REQUEST = "11111111-2222-4333-8444-555555555555"
LARGE = 9_000_000
"""Bytes; above the 8 MB from which Google's client uploads in a session."""

CONTENTS = [
    b"",
    b"{}",
    bytes(range(256)) * 40,
    b"\r\n--==boundary==\r\nContent-Type: text/plain\r\n\r\n\n\r",
    os.urandom(LARGE),
]


@pytest.fixture
def impatient(monkeypatch):
    """Retry at once, and give up after three tries."""
    policy = retry.RetryPolicy(timeout=60, tries=3, backoff=Backoff(0.001, 0.001))
    monkeypatch.setattr("transforms.artifacts.retries._PATIENCE", policy)


# Content


@pytest.mark.parametrize("from_file", [True, False])
def test_put_content_can_be_read_back(store, place, tmp_path, from_file):
    for content in CONTENTS:
        source = content
        if from_file:
            source = tmp_path / "source"
            source.write_bytes(content)
        artifact = store.put(REQUEST, "script.json", source, JSON)
        digest = hashlib.sha256(content).hexdigest()
        uri = f"{place.root}/{REQUEST}/script.json"
        assert artifact == Artifact("script.json", uri, len(content), digest, JSON)
        assert place.content(f"{REQUEST}/script.json") == content
        assert store.read(REQUEST, "script.json") == content
        stored = store.stat(REQUEST, "script.json")
        assert (stored.size, stored.sha256) == (len(content), digest)
        assert store.verify(artifact)
        target = tmp_path / "new folder" / "copy"
        assert store.fetch(artifact, target) == target
        assert target.read_bytes() == content
        assert place.keys() == [f"{REQUEST}/script.json"]
        store.delete(REQUEST, "script.json")


def test_missing_artifact_reads_as_none(store, tmp_path):
    assert store.read(REQUEST, "script.json") is None
    assert store.stat(REQUEST, "script.json") is None
    assert store.list(REQUEST) == ()
    assert store.delete(REQUEST, "script.json") is False


def test_list_returns_names_of_one_request(store):
    assert store.list(REQUEST) == ()
    for name in ("video.mp4", "stages/script.json", "a"):
        store.put(REQUEST, name, b"x", JSON)
    store.put(str(uuid4()), "other.json", b"x", JSON)
    assert store.list(REQUEST) == ("a", "stages/script.json", "video.mp4")


def test_deleted_artifact_can_be_put_again(store):
    artifact = store.put(REQUEST, "script.json", b"old", JSON)
    store.put(REQUEST, "script.md", b"x", JSON)
    assert store.delete(REQUEST, "script.json") is True
    assert store.delete(REQUEST, "script.json") is False
    assert not store.verify(artifact)
    assert store.list(REQUEST) == ("script.md",)
    assert store.put(REQUEST, "script.json", b"new", JSON).size == 3
    assert store.read(REQUEST, "script.json") == b"new"


PART = f"parts/{REQUEST}/{'ab' * 32}"


def test_all_files_of_a_request_are_copied(store, place, tmp_path):
    store.put(REQUEST, "video.mp4", b"video", JSON)
    store.put(REQUEST, "stages/script.json", b"stage", JSON)
    store.put(str(uuid4()), "other.json", b"other", JSON)
    place.overwrite(PART, b"part")
    assert store.copy_all(REQUEST, tmp_path / "copy") == 3
    copies = {
        p.relative_to(tmp_path / "copy").as_posix(): p.read_bytes()
        for p in (tmp_path / "copy").rglob("*")
        if p.is_file()
    }
    assert copies == {"video.mp4": b"video", "stages/script.json": b"stage", "ab" * 32: b"part"}


def test_all_files_of_a_request_are_erased(store, place):
    other = store.put(str(uuid4()), "other.json", b"other", JSON)
    for name in ("video.mp4", "stages/script.json"):
        store.put(REQUEST, name, b"x", JSON)
    place.overwrite(PART, b"part")
    place.overwrite(f"{REQUEST}/.video.mp4.{'0' * 16}.part", b"what a killed writer leaves")
    assert store.erase(REQUEST) == 4
    assert store.erase(REQUEST) == 0
    [key] = place.keys()
    assert other.uri.endswith(f"/{key}")
    assert store.verify(other)


def test_content_type_is_stored(gcs):
    store = ArtifactStore(gcs.root)
    store.put(REQUEST, "captions.vtt", b"WEBVTT", "text/vtt; charset=utf-8")
    blob = storage.Client().bucket(gcs.name).get_blob(f"{REQUEST}/captions.vtt")
    assert blob.content_type == "text/vtt; charset=utf-8"


def test_prefix_of_bucket_is_optional(gcs):
    for prefix in ("", "/", "/deep/er/"):
        store = ArtifactStore(gcs.root + prefix)
        artifact = store.put(REQUEST, "a", b"x", JSON)
        assert artifact.uri == f"{gcs.root}{prefix.rstrip('/')}/{REQUEST}/a"
        assert store.verify(artifact)
        assert store.list(REQUEST) == ("a",)


def test_relative_folder_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = ArtifactStore("here/../artifacts/")
    monkeypatch.chdir("/")
    artifact = store.put(REQUEST, "a", b"x", JSON)
    assert artifact.uri == f"{tmp_path}/artifacts/{REQUEST}/a"
    assert Path(artifact.uri).read_bytes() == b"x"


def test_pickled_store_holds_only_its_root(store):
    store.put(REQUEST, "a", b"x", JSON)  # it has a client by now
    copy = pickle.loads(pickle.dumps(store))
    assert copy == store
    assert copy.read(REQUEST, "a") == b"x"
    assert len(pickle.dumps(store)) < 300 + len(store.root)


# Write once


def test_same_content_is_accepted_again(store):
    first = store.put(REQUEST, "script.json", b"same", JSON)
    stored = store.stat(REQUEST, "script.json")
    assert store.put(REQUEST, "script.json", b"same", JSON) == first
    assert store.put(REQUEST, "script.json", b"same", JSON, replace=True) == first
    assert store.stat(REQUEST, "script.json") == stored


def test_other_content_needs_permission_to_replace(store, place):
    for other in (b"other", b"", b"firs", b"FIRST", os.urandom(LARGE)):
        first = store.put(REQUEST, "script.json", b"first", JSON, replace=True)
        with pytest.raises(ArtifactConflict, match=r"script\.json"):
            store.put(REQUEST, "script.json", other, JSON)
        assert store.read(REQUEST, "script.json") == b"first"
        assert store.verify(first)
        second = store.put(REQUEST, "script.json", other, JSON, replace=True)
        assert store.read(REQUEST, "script.json") == other
        assert store.verify(second)
        assert not store.verify(first)
        assert place.keys() == [f"{REQUEST}/script.json"]


def test_file_after_a_conflict_is_not_stored(store):
    store.put(REQUEST, "a", b"theirs", JSON)
    files = [File("a", b"ours", JSON), File("b", b"b", JSON)]
    with pytest.raises(ArtifactConflict):
        store.put_all(REQUEST, files)
    assert store.list(REQUEST) == ("a",)


def test_content_of_another_program_is_not_verified(store, place):
    artifact = store.put(REQUEST, "script.json", b"first", JSON)
    place.overwrite(f"{REQUEST}/script.json", b"second")
    assert not store.verify(artifact)
    with pytest.raises(ArtifactConflict):
        store.put(REQUEST, "script.json", b"first", JSON)
    assert store.verify(store.put(REQUEST, "script.json", b"first", JSON, replace=True))


def test_readers_see_old_or_new_content(store):
    contents = [bytes([65 + n]) * 200_000 for n in range(8)]
    store.put(REQUEST, "script.json", contents[0], JSON)
    done = threading.Event()

    def read():
        seen = set()
        while not done.is_set():
            seen.add(store.read(REQUEST, "script.json"))
        return seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for content in contents * 5:
            store.put(REQUEST, "script.json", content, JSON, replace=True)
        done.set()
        assert set().union(*(reader.result() for reader in readers)) <= set(contents)


RACER = f"""
import sys, time
from transforms.artifacts import ArtifactConflict, ArtifactStore
root, me, names, same = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "same"
store = ArtifactStore(root)
store.read("{REQUEST}", "warm")
print("ready", flush=True)
sys.stdin.readline()
for n in range(names):
    content = ("same" if same else me).encode() * 30_000
    try:
        print(n, store.put("{REQUEST}", f"n{{n}}", content, "text/plain").sha256, flush=True)
    except ArtifactConflict:
        print(n, "conflict", flush=True)
"""


@pytest.mark.parametrize("same", [True, False])
def test_one_of_racing_processes_wins(store, same):
    names = 25
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, store.root, str(n), str(names), "same" * same],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    try:
        for racer in racers:
            assert racer.stdout
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin
            racer.stdin.write("go\n")
            racer.stdin.flush()
        answers = [racer.communicate(timeout=60)[0].splitlines() for racer in racers]
    finally:
        for racer in racers:
            racer.kill()
            racer.wait()
    for n in range(names):
        digests = [line[n].split()[1] for line in answers]
        winners = [digest for digest in digests if digest != "conflict"]
        assert len(winners) == (3 if same else 1)
        content = store.read(REQUEST, f"n{n}")
        assert {hashlib.sha256(content).hexdigest()} == set(winners)


# Integrity


def test_damaged_artifact_is_detected(store, place, tmp_path):
    content = os.urandom(100_000)
    artifact = store.put(REQUEST, "video.mp4", content, "video/mp4")
    target = tmp_path / "video.mp4"
    target.write_bytes(b"from before")
    flipped = bytes([content[-1] ^ 1])
    for damaged in (content[:-1], b"", content[:-1] + flipped, content + b"\0"):
        place.overwrite(f"{REQUEST}/video.mp4", damaged)
        assert not store.verify(artifact)
        with pytest.raises(ArtifactCorrupt, match=r"video\.mp4"):
            store.fetch(artifact, target)
    store.delete(REQUEST, "video.mp4")
    with pytest.raises(ArtifactCorrupt, match="missing"):
        store.fetch(artifact, target)
    assert target.read_bytes() == b"from before"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["video.mp4"]


def test_address_outside_the_store_is_refused(store, tmp_path):
    artifact = store.put(REQUEST, "script.json", b"x", JSON)
    outside = tmp_path / "secret.json"
    outside.write_bytes(b"x")
    for uri in (
        str(outside),
        f"file://{outside}",
        "gs://other-bucket/script.json",
        f"{store.root}/../secret.json",
        f"{store.root}/{REQUEST}/../../../secret.json",
        f"{store.root}-other/{REQUEST}/script.json",
        f"{store.root}//{REQUEST}/script.json",
        f"{store.root}/{REQUEST.replace('1', '９')}/script.json",
        f"{REQUEST}/script.json",
        "",
    ):
        elsewhere = replace(artifact, uri=uri)
        assert not store.verify(elsewhere)
        with pytest.raises(ArtifactCorrupt):
            store.fetch(elsewhere, tmp_path / "copy")


# An unreachable store


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


# Several files at once


def test_put_all_stores_files_in_order(store, place):
    files = [File("b.json", b"{}", JSON), File("stages/a.json", b"[]", JSON)]
    artifacts = store.put_all(REQUEST, files)
    assert [artifact.name for artifact in artifacts] == ["b.json", "stages/a.json"]
    assert all(map(store.verify, artifacts))
    assert store.put_all(REQUEST, files) == artifacts
    assert place.keys() == [f"{REQUEST}/b.json", f"{REQUEST}/stages/a.json"]
    assert store.put_all(REQUEST, []) == ()


def test_put_all_refuses_one_differing_file(store):
    first = store.put(REQUEST, "b.json", b"{}", JSON)
    files = [File("a.json", b"[]", JSON), File("b.json", b"[]", JSON), File("c.json", b"", JSON)]
    with pytest.raises(ArtifactConflict, match=r"b\.json exists with other content"):
        store.put_all(REQUEST, files)
    assert store.verify(first)
    assert all(map(store.verify, store.put_all(REQUEST, files, replace=True)))
    assert not store.verify(first)


# Disk faults


@pytest.fixture
def folder(tmp_path):
    return ArtifactStore(str(tmp_path / "artifacts"))


def test_sweep_removes_only_temporary_files(folder, tmp_path):
    folder.put(REQUEST, "a", b"x", JSON)
    place = tmp_path / "artifacts" / REQUEST
    kept = [".hidden", "a.part", ".a.part", "a", f".a.{'0' * 16}.part~"]
    for name in (*kept, f".a.{'0' * 16}.part"):
        (place / name).write_bytes(b"x")
    assert folder.sweep(timedelta(0)) == 1
    assert sorted(p.name for p in place.iterdir()) == sorted(kept)


def test_last_delete_removes_empty_folders(folder, tmp_path):
    for name in ("stages/a", "stages/b", "c"):
        folder.put(REQUEST, name, b"x", JSON)
    place = tmp_path / "artifacts" / REQUEST
    folder.delete(REQUEST, "stages/a")
    assert (place / "stages").is_dir()
    folder.delete(REQUEST, "stages/b")
    assert [p.name for p in place.iterdir()] == ["c"]
    folder.delete(REQUEST, "c")
    assert list((tmp_path / "artifacts").iterdir()) == []


def disk_of(folder):
    backend: Any = backend_of(folder.root)
    return backend._disk


@pytest.fixture(params=["all at once", "each by itself"])
def syncs(request, folder, monkeypatch):
    """Record what the disk of the folder syncs: paths, or None for the whole file system."""
    synced: list[Path | None] = []
    disk = disk_of(folder)
    if request.param == "all at once":
        monkeypatch.setattr(disk, "_sync_all", lambda descriptor: synced.append(None))
    else:
        monkeypatch.setattr(disk, "_sync_all", None)
        monkeypatch.setattr("transforms.artifacts.disk._sync_one", synced.append)
    return synced


def test_names_appear_after_content_is_synced(folder, syncs, monkeypatch):
    link = os.link

    def linked(source, target):
        syncs.append(target)
        link(source, target)

    monkeypatch.setattr(os, "link", linked)
    files = [File("a", b"x", JSON), File("stages/b", b"y", JSON)]
    a, b = [Path(artifact.uri) for artifact in folder.put_all(REQUEST, files)]
    first, second = syncs.index(a), syncs.index(b)
    assert second == first + 1
    before, after = syncs[:first], syncs[second + 1 :]
    if None in syncs:
        assert (before, after) == ([None], [None])
    else:
        assert [path.name.split(".")[1] for path in before] == ["a", "b"]
        made = {b.parent, a.parent, a.parent.parent, a.parent.parent.parent}
        assert set(after) == made


def test_existing_name_is_synced_again(folder, syncs):
    folder.put(REQUEST, "a", b"x", JSON)
    syncs.clear()
    path = Path(folder.put(REQUEST, "a", b"x", JSON).uri)
    assert syncs in ([None], [path.parent])


@pytest.mark.parametrize("each", [False, True])
def test_failing_disk_tells_who_is_at_fault(folder, tmp_path, monkeypatch, impatient, each):
    (tmp_path / "artifacts" / REQUEST).mkdir(parents=True)
    faults = {
        errno.ENOSPC: (DependencyDown, 3),
        errno.EIO: (DependencyDown, 3),
        errno.EMFILE: (WorkerFault, 3),
        errno.EROFS: (ConfigurationFault, 1),
        errno.EACCES: (ConfigurationFault, 1),
    }
    for number, (kind, tries) in faults.items():
        calls: list[int] = []

        def fail(_, number=number, calls=calls):
            calls.append(number)
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patched:
            patched.setattr(disk_of(folder), "_sync_all", None if each else fail)
            patched.setattr("transforms.artifacts.disk._sync_one", fail)
            with pytest.raises(kind, match=os.strerror(number)):
                folder.put(REQUEST, "a", b"x", JSON)
        assert len(calls) >= tries
        assert tries > 1 or len(calls) == 1
        assert folder.list(REQUEST) == ()
        assert list((tmp_path / "artifacts" / REQUEST).iterdir()) == []
    assert folder.put(REQUEST, "a", b"x", JSON).size == 1


FULL = f"""
import resource, signal, sys
from transforms.artifacts import ArtifactStore, retries
from transforms.errors import DependencyDown
from transforms.process.backoff import Backoff
from transforms.process.retry import RetryPolicy
retries._PATIENCE = RetryPolicy(timeout=60, tries=3, backoff=Backoff(0.001, 0.001))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
try:
    ArtifactStore(sys.argv[1]).put("{REQUEST}", "a", b"x" * 1_000_000, "text/plain")
except DependencyDown as error:
    print(error)
"""


def test_file_that_does_not_fit_is_removed(folder):
    done = subprocess.run(
        [sys.executable, "-c", FULL, folder.root], stdout=subprocess.PIPE, text=True
    )
    assert done.stdout.startswith("artifacts is down:")
    assert os.strerror(errno.EFBIG) in done.stdout
    assert list((Path(folder.root) / REQUEST).iterdir()) == []


def test_root_below_a_file_is_dependency_down(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    store = ArtifactStore(str(tmp_path / "file" / "artifacts"))
    for call in (
        lambda: store.put(REQUEST, "a", b"x", JSON),
        lambda: store.read(REQUEST, "a"),
        lambda: store.delete(REQUEST, "a"),
        lambda: store.list(REQUEST),
        lambda: store.sweep(timedelta(0)),
    ):
        with pytest.raises(DependencyDown, match=r"Not a directory|File exists"):
            call()


def test_unreadable_source_raises_os_error(store, tmp_path):
    with pytest.raises(FileNotFoundError):
        store.put(REQUEST, "a", tmp_path / "missing", JSON)


def test_unwritable_target_is_dependency_down(store, tmp_path):
    artifact = store.put(REQUEST, "a", b"x", JSON)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DependencyDown, match="cannot write"):
        store.fetch(artifact, tmp_path / "file" / "copy")


def test_threads_share_one_store(store):
    with ThreadPoolExecutor(16) as pool:
        made = list(
            pool.map(lambda n: store.put(REQUEST, f"n{n}", str(n).encode(), JSON), range(60))
        )
        assert all(pool.map(store.verify, made))
    assert len(store.list(REQUEST)) == 60
    assert store.stat(REQUEST, "n7") == Stored(
        1, hashlib.sha256(b"7").hexdigest(), store.stat(REQUEST, "n7").generation
    )
