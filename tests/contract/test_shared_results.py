"""Results that requests share, in a local folder and on Cloud Storage."""

from __future__ import annotations

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from transforms.artifacts import ArtifactStore, File, SourceGone
from transforms.artifacts.shared import RECORD, SharedResults
from transforms.model import StageRecord

KEY = hashlib.sha256(b"inputs").hexdigest()
AUDIO = bytes(range(256)) * 4000
FILES = (
    File("narration.m4a", AUDIO, "audio/mp4"),
    File("narration.json", b"{}", "application/json"),
)
NAMES = sorted(hashlib.sha256(content).hexdigest() for content in (AUDIO, b"{}"))


@pytest.fixture
def shared(store):
    return SharedResults(store)


def made(store, stage="narration", topic="photosynthesis", files=FILES):
    artifacts = store.put_all(str(uuid4()), files)
    return StageRecord(stage, "google", KEY, 2.0, 0.03, (), artifacts, topic=topic)


def copy(store, found, request_id=None):
    files = [
        File(artifact.name, found.sources[artifact.name], artifact.content_type)
        for artifact in found.record.artifacts
    ]
    return store.put_all(request_id or str(uuid4()), files)


def test_shared_result_is_found_and_copied(store, shared, place):
    assert shared.find("narration", KEY) is None
    record = made(store)
    assert shared.put(record, KEY) is True
    assert place.keys("shared/") == [f"shared/narration/{KEY}/{name}" for name in (*NAMES, RECORD)]
    found = shared.find("narration", KEY)
    assert replace(found.record, artifacts=(), shared="") == replace(record, artifacts=())
    assert found.record.shared == KEY
    copies = copy(store, found)
    assert all(map(store.verify, copies))
    assert [c.sha256 for c in copies] == [a.sha256 for a in record.artifacts]
    assert {c.uri for c in copies}.isdisjoint(a.uri for a in record.artifacts)


def test_copy_outlives_its_shared_file(store, shared, place):
    shared.put(made(store), KEY)
    copies = copy(store, shared.find("narration", KEY))
    for name in NAMES:
        place.overwrite(f"shared/narration/{KEY}/{name}", b"damage")
    assert all(map(store.verify, copies))
    shared.sweep(timedelta(microseconds=1))
    assert all(map(store.verify, copies))


def test_copy_replaces_other_content_of_request(store, shared):
    shared.put(made(store), KEY)
    request_id = str(uuid4())
    store.put(request_id, "narration.m4a", b"of other inputs", "audio/mp4")
    found = shared.find("narration", KEY)
    files = [File("narration.m4a", found.sources["narration.m4a"], "audio/mp4")]
    [copied] = store.put_all(request_id, files, replace=True)
    assert store.verify(copied)
    assert store.read(request_id, "narration.m4a") == AUDIO


@pytest.mark.parametrize("damage", ["file", "truncated", "record", "foreign", "missing"])
def test_damaged_result_is_missed_and_stored_again(store, shared, place, damage):
    record = made(store)
    shared.put(record, KEY)
    folder = f"shared/narration/{KEY}"
    if damage == "missing":
        place.delete(f"{folder}/{NAMES[0]}")
    else:
        name = NAMES[0] if damage in ("file", "truncated") else RECORD
        foreign = b'{"stage": "narration", "shared": "../../x"}'
        content = {"file": b"damage", "truncated": b"", "record": b"{", "foreign": foreign}
        place.overwrite(f"{folder}/{name}", content[damage])
    assert shared.find("narration", KEY) is None
    assert place.keys(f"shared/narration/{KEY}/{RECORD}") == []
    assert shared.put(record, KEY) is True
    assert all(map(store.verify, copy(store, shared.find("narration", KEY))))


def test_files_without_record_are_no_result(store, shared, place):
    record = made(store)
    shared.put(record, KEY)
    place.delete(f"shared/narration/{KEY}/{RECORD}")  # its writer was killed before the record
    assert shared.find("narration", KEY) is None
    assert shared.put(record, KEY) is True
    assert shared.find("narration", KEY)


def test_first_record_wins(store, shared):
    records = [
        made(store, files=(File("narration.m4a", f"take {n}".encode(), "audio/mp4"),))
        for n in range(6)
    ]
    with ThreadPoolExecutor(6) as pool:
        stored = list(pool.map(lambda record: shared.put(record, KEY), records))
    assert stored.count(True) == 1
    [kept] = shared.find("narration", KEY).record.artifacts
    assert kept.sha256 == records[stored.index(True)].artifacts[0].sha256


def test_purged_source_is_no_outage(store, shared):
    shared.put(made(store), KEY)
    found = shared.find("narration", KEY)
    assert shared.purge("photosynthesis") == 1
    with pytest.raises(SourceGone):
        copy(store, found)


def test_replaced_source_is_not_copied(store, shared, place):
    shared.put(made(store), KEY)
    found = shared.find("narration", KEY)
    for name in NAMES:
        place.delete(f"shared/narration/{KEY}/{name}")
        place.overwrite(f"shared/narration/{KEY}/{name}", b"other")
    with pytest.raises(SourceGone):
        copy(store, found)


def test_purge_deletes_results_of_one_topic(store, shared):
    other = hashlib.sha256(b"other").hexdigest()
    shared.put(made(store, stage="script"), KEY)
    shared.put(made(store), KEY)
    shared.put(made(store, topic="gravity"), other)
    assert sorted(record.topic for record in shared.records()) == [
        "gravity", "photosynthesis", "photosynthesis",
    ]  # fmt: skip
    assert shared.purge("photosynthesis") == 2
    assert shared.purge("photosynthesis") == 0
    assert shared.find("narration", KEY) is None
    assert shared.find("narration", other)


def test_sweep_keeps_younger_results(tmp_path):
    store = ArtifactStore(str(tmp_path))
    shared = SharedResults(store)
    other = hashlib.sha256(b"other").hexdigest()
    shared.put(made(store), KEY)
    shared.put(made(store), other)
    month_ago = time.time() - timedelta(days=30, minutes=1).total_seconds()
    for path in (tmp_path / "shared" / "narration" / KEY).iterdir():
        os.utime(path, (month_ago, month_ago))
    assert shared.sweep() == 3
    assert shared.find("narration", KEY) is None
    assert shared.find("narration", other)


def test_private_result_is_refused(store, shared):
    with pytest.raises(ValueError, match="not to be shared"):
        shared.put(made(store, topic=""), KEY)


@pytest.mark.parametrize(("stage", "key"), [("../x", KEY), ("narration", "../x"), ("", KEY)])
def test_other_names_are_refused(tmp_path, stage, key):
    with pytest.raises(ValueError, match="not of the form"):
        SharedResults(ArtifactStore(str(tmp_path))).find(stage, key)
