"""A probe finds what a worker lacks, though an engine's error hides it."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.tmpfs import mounted
from transforms.errors import PermanentError, WorkerFault
from transforms.process import worker_health
from transforms.process.worker_health import hidden_fault

PROBE = """
import os, resource, sys, tempfile
from transforms.errors import TransientError
from transforms.process.worker_health import hidden_fault
folder, other_user = sys.argv[1], 54321
{harm}
print(hidden_fault(TransientError("the engine ended with status 1")))
"""
FOLDER = "tempfile.tempdir = folder"
NO_HANDLES = """
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
try:
    while True:
        os.dup(0)
except OSError:
    pass
"""
NO_PROCESSES = """
os.setuid(other_user)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
"""
NO_MEMORY = """
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (2 << 20),) * 2)
"""


def probe(harm, folder):
    """Return what the probe finds in a new process."""
    ran = subprocess.run(
        [sys.executable, "-c", PROBE.format(harm=harm), str(folder)],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_healthy_worker_has_no_fault(tmp_path):
    assert probe("", tmp_path) == "None"


@pytest.mark.parametrize(
    ("options", "says"),
    [("size=300k", "only [23].. KB are free; free some space"), ("ro", "Read-only file system")],
)
def test_unusable_disk_is_found(tmp_path, options, says):
    with mounted(tmp_path / "disk", options) as disk:
        found = probe(FOLDER, disk)
    assert re.fullmatch(f"this worker cannot go on: {disk}: {says}.*TMPDIR.*", found)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (f"{FOLDER}; os.rmdir(folder)", "No such file or directory.*TMPDIR"),
        (NO_HANDLES, "open files: Too many open files.*ulimit -n"),
        (NO_MEMORY, "threads: can't start new thread"),
        (NO_PROCESSES, "can't start new thread.*ulimit -u"),
        (f"{FOLDER}; os.setuid(other_user)", "Permission denied.*TMPDIR"),
    ],
    ids=["missing folder", "file handles", "memory", "processes", "forbidden folder"],
)
def test_missing_resource_is_found(tmp_path, harm, says):
    if "setuid" in harm and os.geteuid():
        pytest.skip("only root may become another user")
    assert re.search(says, probe(harm, tmp_path))


def test_error_that_explains_itself_is_not_probed(monkeypatch):
    monkeypatch.setattr(worker_health, "probe_worker", lambda: WorkerFault("disk", "full"))
    assert hidden_fault(PermanentError("refused")) is None
    assert hidden_fault(KeyError("a bug"))
