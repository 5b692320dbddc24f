"""Functions that test_child runs in a child process, importable by name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from transforms.errors import ClaimLost, PermanentError


def burn(cpu_seconds: float) -> str:
    while time.process_time() < cpu_seconds:
        pass
    return "burnt"


def refuse() -> None:
    raise PermanentError("no such colour")


def lose_claim() -> None:
    raise ClaimLost("r-1")


def divide() -> float:
    return 1 / 0


def fill_disk() -> None:
    with open("/dev/full", "wb") as file:
        file.write(b"x")


def fill_disk_wrapped() -> None:
    try:
        fill_disk()
    except OSError as error:
        raise PermanentError("cannot write the narration") from error


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def loads(work: Callable[..., object], module: str) -> bool:
    """Return True if importing `work` also imported a module."""
    return module in sys.modules


def programs() -> list[str]:
    """Return the files of the `__main__` modules loaded here."""
    mains = [sys.modules.get(name) for name in ("__main__", "__mp_main__")]
    return [file for main in mains if (file := getattr(main, "__file__", None))]


def hang_with_a_child(pids: Path) -> None:
    grandchild = subprocess.Popen(["sleep", "600"])
    scratch = pids.with_suffix(".part")
    scratch.write_text(f"{os.getpid()}\n{grandchild.pid}\n")
    scratch.rename(pids)
    time.sleep(600)
