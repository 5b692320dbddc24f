"""An artifact is written once, and appears whole or not at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.artifact_store.support import JSON, LARGE, REQUEST
from transforms.artifacts import ArtifactConflict, File


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
