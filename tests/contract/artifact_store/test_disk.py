"""A folder as an artifact store: syncs, full disks and left files."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.artifact_store.support import JSON, REQUEST
from transforms.artifacts import ArtifactStore, File
from transforms.artifacts.store import backend_of
from transforms.errors import ConfigurationFault, DependencyDown, WorkerFault


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
