"""Calls in a child process return results and errors and end on timeout or with the parent."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.unit.process import child_work
from transforms.errors import (
    ChildDied,
    ChildError,
    ClaimLost,
    PermanentError,
    StageTimeout,
    WorkerFault,
)
from transforms.faults import error_place
from transforms.narration.narration_child import narrate_in_child
from transforms.process import child
from transforms.video.render_child import render_in_child


def call(work, *arguments, timeout=60.0):
    return child.call_in_child(work, *arguments, timeout=timeout)


def test_call_returns_value_and_cpu_time():
    finished = call(child_work.burn, 0.2)
    assert finished.value == "burnt"
    assert finished.cpu_seconds >= 0.2


def test_content_error_is_raised_in_parent():
    with pytest.raises(PermanentError, match="no such colour"):
        call(child_work.refuse)


def test_lost_claim_is_raised_in_parent():
    with pytest.raises(ClaimLost, match="r-1"):
        call(child_work.lose_claim)


def test_bug_raises_with_childs_traceback():
    with pytest.raises(ChildError, match="ZeroDivisionError") as raised:
        call(child_work.divide)
    assert re.fullmatch(
        r"ZeroDivisionError at unit/process/child_work\.py:\d+", error_place(raised.value)
    )


def test_killed_fork_server_is_started_again():
    call(child_work.burn, 0.0)
    server: Any = forkserver._forkserver
    os.kill(server._forkserver_pid, signal.SIGKILL)
    os.waitid(os.P_PID, server._forkserver_pid, os.WEXITED | os.WNOWAIT)
    assert call(child_work.burn, 0.0).value == "burnt"


def test_full_disk_in_child_is_worker_fault():
    with pytest.raises(WorkerFault, match=r"No space left on device.*TMPDIR"):
        call(child_work.fill_disk)


def test_wrapped_full_disk_in_child_is_worker_fault():
    with pytest.raises(WorkerFault, match="No space left on device"):
        call(child_work.fill_disk_wrapped)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (
            "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))",
            "Too many open files; raise the limit of open files",
        ),
        (
            "import tempfile; tempfile.tempdir = '/missing'",
            "/missing: No such file or directory; let this process write there, or set TMPDIR",
        ),
        (
            "import multiprocessing; multiprocessing.set_executable('/bin/false')",
            "this worker cannot go on: fork server",
        ),
    ],
)
def test_child_that_cannot_start_is_worker_fault(harm, says):
    program = (
        "from tests.unit.process import child_work\n"
        "from transforms.errors import WorkerFault\n"
        "from transforms.process import child\n"
        f"{harm}\n"
        "try:\n"
        "    child.call_in_child(child_work.programs, timeout=60)\n"
        "except WorkerFault as fault:\n"
        "    print(fault)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert says in ran.stdout, ran.stderr


def test_function_of_main_module_is_refused(monkeypatch):
    monkeypatch.setattr(child_work.divide, "__module__", "__main__")
    with pytest.raises(ValueError, match="divide is defined in __main__"):
        call(child_work.divide)


def test_crashed_child_has_died():
    with pytest.raises(ChildDied, match="SIGSEGV"):
        call(child_work.crash)


def test_timeout_kills_child_and_its_children(tmp_path):
    pids = tmp_path / "pids"
    with pytest.raises(StageTimeout):
        call(child_work.hang_with_a_child, pids, timeout=3.0)
    assert_gone(pids)


def test_killed_parent_ends_its_child(tmp_path):
    pids = tmp_path / "pids"
    program = (
        "from pathlib import Path\n"
        "from tests.unit.process import child_work\n"
        "from transforms.process import child\n"
        f"child.call_in_child(child_work.hang_with_a_child, Path({str(pids)!r}), timeout=300)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    while not pids.exists():
        assert parent.poll() is None
        time.sleep(0.02)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert_gone(pids)


def test_child_does_not_load_main_module(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "from tests.unit.process import child_work\n"
        "from transforms.process import child\n"
        "mine = sys.modules['__main__']\n"
        "if __name__ != '__main__':\n"
        "    sys.exit('loaded again')\n"
        "found = child.call_in_child(child_work.programs, timeout=60).value\n"
        "print(found, sys.modules['__main__'] is mine)\n"
    )
    ran = subprocess.run(
        [sys.executable, program],
        capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert (ran.stdout, ran.returncode) == ("[] True\n", 0), ran.stderr


@pytest.mark.parametrize("work", [render_in_child, narrate_in_child])
def test_child_work_does_not_import_beam(work):
    """Runs in a new process, since this one's fork server may have loaded Beam."""
    program = (
        f"from {work.__module__} import {work.__name__} as work\n"
        "from tests.unit.process import child_work\n"
        "from transforms.process import child\n"
        "print(child.call_in_child(child_work.loads, work, 'apache_beam', timeout=60).value)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout == "False\n", ran.stderr


def assert_gone(pids: Path) -> None:
    numbers = [int(line) for line in pids.read_text().split()]
    assert len(numbers) == 2
    deadline = time.monotonic() + 30
    while any(running(pid) for pid in numbers):
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.02)


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
