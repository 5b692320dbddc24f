"""Stored answers of paid calls, in a local folder and on Cloud Storage."""

from __future__ import annotations

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from transforms.artifacts import ArtifactStore
from transforms.artifacts.parts import Parts

REQUEST = "11111111-2222-4333-8444-555555555555"
NAME, OTHER = (hashlib.sha256(text).hexdigest() for text in (b"one", b"two"))


@pytest.fixture
def parts(place):
    return Parts(ArtifactStore(place.root))


@pytest.mark.parametrize("content", [b"", b"audio", bytes(range(256)) * 4000])
def test_part_can_be_read_back(parts, place, content):
    assert parts.read(REQUEST, NAME) is None
    assert parts.put(REQUEST, NAME, content) == content
    assert parts.read(REQUEST, NAME) == content
    assert parts.read(REQUEST, OTHER) is None
    assert parts.read(str(uuid4()), NAME) is None
    assert place.keys() == [f"parts/{REQUEST}/{NAME}"]


def test_first_writer_wins(parts):
    contents = [f"answer {n}".encode() for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        stored = set(pool.map(lambda content: parts.put(REQUEST, NAME, content), contents))
    assert len(stored) == 1
    assert stored == {parts.read(REQUEST, NAME)}


@pytest.mark.parametrize("damage", [b"", b"short", bytes(32) + b"audio"])
def test_damaged_part_is_written_again(parts, place, damage):
    for write_first in (False, True):
        parts.put(REQUEST, NAME, b"audio")
        place.overwrite(f"parts/{REQUEST}/{NAME}", damage)
        if write_first:
            assert parts.put(REQUEST, NAME, b"new") == b"new"
        else:
            assert parts.read(REQUEST, NAME) is None
            assert place.keys() == []


def test_delete_removes_parts_of_one_request(parts, place):
    other = str(uuid4())
    ArtifactStore(place.root).put(REQUEST, "script.json", b"{}", "application/json")
    for request_id, name in ((REQUEST, NAME), (REQUEST, OTHER), (other, NAME)):
        parts.put(request_id, name, b"x")
    assert parts.delete(REQUEST) == 2
    assert place.keys() == sorted([f"{REQUEST}/script.json", f"parts/{other}/{NAME}"])
    assert parts.delete(REQUEST) == 0


def test_sweep_removes_parts_of_all_requests(parts, place):
    for _ in range(3):
        parts.put(str(uuid4()), NAME, b"x")
    ArtifactStore(place.root).put(REQUEST, "script.json", b"{}", "application/json")
    assert parts.sweep() == 0
    assert parts.sweep(timedelta(microseconds=1)) == 3
    assert place.keys() == [f"{REQUEST}/script.json"]


def test_sweep_keeps_younger_parts(tmp_path):
    parts = Parts(ArtifactStore(str(tmp_path)))
    parts.put(REQUEST, NAME, b"old")
    parts.put(REQUEST, OTHER, b"young")
    week_ago = time.time() - timedelta(days=7, minutes=1).total_seconds()
    os.utime(tmp_path / "parts" / REQUEST / NAME, (week_ago, week_ago))
    assert parts.sweep() == 1
    assert parts.read(REQUEST, OTHER) == b"young"


def test_parts_are_no_artifacts(parts, place):
    parts.put(REQUEST, NAME, b"x")
    assert ArtifactStore(place.root).list(REQUEST) == ()


@pytest.mark.parametrize(
    ("request_id", "name"),
    [("../escape", NAME), (REQUEST.upper() + "A", NAME), (REQUEST, "../../x"), (REQUEST, "ABC")],
)
def test_other_names_are_refused(tmp_path, request_id, name):
    parts = Parts(ArtifactStore(str(tmp_path)))
    with pytest.raises(ValueError, match="not a"):
        parts.read(request_id, name)
    with pytest.raises(ValueError, match="not a"):
        parts.put(request_id, name, b"x")
