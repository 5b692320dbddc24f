"""Temporary folders are removed, also when the process exits while they are in use."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from transforms.errors import WorkerFault
from transforms.process import temp_dirs

GIVEN_UP = """
import multiprocessing, threading, time
from pipeline.cli import entry
from transforms.process import child, temp_dirs

def work():
    with temp_dirs.temp_dir() as folder:
        (folder / "file").touch()
        child.call_in_child(time.sleep, 1000, timeout=1000)

if __name__ == "__main__":
    threading.Thread(target=work, daemon=True).start()
    while not multiprocessing.active_children():
        time.sleep(0.01)
    entry(["completion", "bash"])
"""


def test_missing_root_is_worker_fault(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(WorkerFault, match=r"gone: No such file.*TMPDIR"), temp_dirs.temp_dir():
        pass


def test_folder_is_removed_after_its_block():
    with pytest.raises(RuntimeError), temp_dirs.temp_dir() as folder:  # noqa: PT012
        (folder / "file").touch()
        raise RuntimeError
    assert not folder.exists()
    assert not temp_dirs.remove_abandoned()


def test_abandoned_folders_are_removed():
    with temp_dirs.temp_dir() as one, temp_dirs.temp_dir() as other:
        (one / "file").touch()
        assert temp_dirs.remove_abandoned()
        assert not one.exists()
        assert not other.exists()
    assert not temp_dirs.remove_abandoned()


def test_process_exits_while_abandoned_work_runs(tmp_path):
    script = tmp_path / "given_up.py"
    script.write_text(GIVEN_UP)
    with tempfile.TemporaryDirectory() as made:  # a socket's path must be short
        environment = {**os.environ, "TMPDIR": made, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, script],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0
        assert "complete" in done.stdout
        assert list(Path(made).glob("vividly-*")) == []
