"""Files that an artifact store holds: content, names, copies and addresses."""

from __future__ import annotations

import hashlib
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from google.cloud import storage

from tests.contract.artifact_store.support import JSON, LARGE, REQUEST
from transforms.artifacts import ArtifactStore, Stored
from transforms.model import Artifact

CONTENTS = [
    b"",
    b"{}",
    bytes(range(256)) * 40,
    b"\r\n--==boundary==\r\nContent-Type: text/plain\r\n\r\n\n\r",
    os.urandom(LARGE),
]


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
