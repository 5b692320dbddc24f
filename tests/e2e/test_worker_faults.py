"""A worker without resources settles nothing and exits with status 3 and a remedy."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest

from tests.e2e import command
from tests.tmpfs import mounted


@pytest.fixture
def place(ledger, tmp_path):
    return {
        "VIVIDLY_DATABASE": ledger.url,
        "VIVIDLY_ARTIFACTS": str(tmp_path / "artifacts"),
        "VIVIDLY_WORKERS": "2",
    }


@pytest.fixture
def file(tmp_path):
    requests = [command.request(requested_modalities=["audio"]) for _ in range(2)]
    return command.jsonl(tmp_path / "r.jsonl", requests)


def assert_worker_fault(done, ledger, says):
    assert done.returncode == 3, done.stderr
    assert re.search(f"vividly: this worker cannot go on: {says}", done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    summary = command.summary(done.stdout)
    assert (summary["exit_reason"], summary["dead_lettered"]) == ("worker_fault", 0)
    assert summary["in_flight"] + summary["completed"] == summary["received"]
    assert ledger.dead_letters() == []


def test_full_temporary_folder_settles_nothing(place, ledger, file):
    # Not in pytest's own folder: its path can be too long for the fork server's socket.
    with (
        tempfile.TemporaryDirectory() as folder,
        mounted(Path(folder, "small"), "size=300k") as disk,
    ):
        (disk / "other").write_bytes(b"x" * 250_000)
        done = command.run("batch", file, **place, TMPDIR=str(disk))
    assert_worker_fault(done, ledger, f"{disk}: (No space left on device|only .* free); free some")
    again = command.run("batch", file, **place)
    assert command.summary(again.stdout)["completed"] == 2, again.stderr


def test_fork_server_that_cannot_start_settles_nothing(place, ledger, file, tmp_path):
    folder = tmp_path / ("long" * 30)  # too long a path for the fork server's socket
    folder.mkdir()
    done = command.run("batch", file, **place, TMPDIR=str(folder))
    assert_worker_fault(done, ledger, "fork server: AF_UNIX path too long; .*short path")
