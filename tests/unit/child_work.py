"""Functions for test_child to run in a child process; importable by name, as real work is."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from transforms.errors import PermanentError


def burn(cpu_seconds: float) -> str:
    while time.process_time() < cpu_seconds:
        pass
    return "burnt"


def refuse() -> None:
    raise PermanentError("no such colour")


def divide() -> float:
    return 1 / 0


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hang_with_a_child(pids: Path) -> None:
    grandchild = subprocess.Popen(["sleep", "600"])
    scratch = pids.with_suffix(".part")
    scratch.write_text(f"{os.getpid()}\n{grandchild.pid}\n")
    scratch.rename(pids)
    time.sleep(600)
