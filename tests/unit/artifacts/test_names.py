"""Validation of request ids, names and roots; no file leaves the prefix of its request."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.every_row import failures
from transforms.artifacts import ArtifactStore

REQUEST = "11111111-2222-4333-8444-555555555555"


def calls(store, request_id, name):
    return (
        lambda: store.put(request_id, name, b"x", "text/plain"),
        lambda: store.read(request_id, name),
        lambda: store.stat(request_id, name),
        lambda: store.delete(request_id, name),
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return ArtifactStore(str(tmp_path_factory.mktemp("root") / "artifacts"))


def test_valid_name_is_stored_below_request(store):
    def check(name):
        artifact = store.put(REQUEST, name, b"x", "text/plain")
        assert Path(artifact.uri) == Path(store.root, REQUEST, name)
        assert store.read(REQUEST, name) == b"x"
        assert store.delete(REQUEST, name)

    nested = ["stages/script.json", "a/b", "a" * 99 + "/b"]
    assert not failures(["a", "script.json", "a-b_c.9", "a..b", "x" * 200, *nested], check)


HOSTILE = [
    "",
    ".",
    "..",
    "../secret",
    "a/../../b",
    "a/b/c",
    "/etc/passwd",
    "a/",
    "/a",
    "a//b",
    ".hidden",
    "a/.hidden",
    "-a",
    "9",
    "A",
    "a b",
    "a\n",
    "a\0",
    "a\\b",
    "ä",
    "ａ",
    "x" * 201,
    "gs://bucket/a",
]


def test_invalid_name_is_refused_by_every_call(store):
    def check(name):
        for call in calls(store, REQUEST, name):
            with pytest.raises(ValueError, match="name"):
                call()

    assert not failures(HOSTILE, check)


NOT_CANONICAL = [
    REQUEST.upper().replace("1", "A"),
    REQUEST.replace("-", ""),
    f"{{{REQUEST}}}",
    f"urn:uuid:{REQUEST}",
    f" {REQUEST}",
    f"{REQUEST}\n",
    REQUEST.replace("1", "١"),
]


def test_request_id_must_be_canonical_uuid(store):
    def check(request_id):
        for call in (*calls(store, request_id, "a"), lambda: store.list(request_id)):
            with pytest.raises(ValueError, match="UUID"):
                call()

    assert not failures([*HOSTILE, *NOT_CANONICAL], check)


ANY = st.text(max_size=30) | st.text(alphabet="a./-_\\0\n", max_size=12)


@given(request_id=st.uuids().map(str) | ANY, name=ANY)
@example(request_id=str(uuid.UUID(int=0)), name="a")
def test_no_name_leaves_prefix_of_request(store, request_id, name):
    try:
        artifact = store.put(request_id, name, b"x", "text/plain")
    except ValueError:
        return
    own = Path(store.root, request_id)
    assert own in Path(os.path.normpath(artifact.uri)).parents
    assert store.verify(artifact)
    assert store.delete(request_id, name)


@pytest.mark.parametrize(
    "root",
    ["", "gs://", "gs://b", "gs://Bucket/x", "gs://bucket\n", "s3://bucket", "file:///x", "a\0b"],
)
def test_invalid_root_is_refused(root):
    with pytest.raises(ValueError, match="gs://BUCKET"):
        ArtifactStore(root)


@pytest.mark.parametrize("root", ["gs://bucket", "gs://my.bucket-1_x/a/b"])
def test_trailing_slash_of_root_is_dropped(root):
    store = ArtifactStore(f"{root}/")
    assert store.root == root
    assert store == ArtifactStore(root)


def test_client_libraries_are_imported_lazily():
    script = (
        "import sys, transforms.artifacts as a; a.ArtifactStore('gs://bucket/x');"
        "print([m for m in ('apache_beam', 'google.cloud.storage', 'google.auth', 'requests')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert done.stdout.strip() == "[]"
