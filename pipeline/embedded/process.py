"""Start and stop server processes that end with the process that started them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LOOPBACK = "127.0.0.1"
_LAUNCHER = Path(__file__).with_name("die_with_parent.py")


@dataclass(frozen=True)
class User:
    """Ids of the user and the group that run a process."""

    uid: int
    gid: int


def free_port() -> int:
    """Return a free loopback port; another process may still take it first."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def spawn(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    log: IO[bytes],
    env: Mapping[str, str] | None = None,
    user: User | None = None,
    last_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a program in its own session, so that Ctrl-C in the terminal does not reach it.

    Args:
        command: path of the program, and its arguments.
        cwd: its working directory.
        log: file for its output.
        env: its environment; this process's by default.
        user: user to run it as, if this process is root.
        last_signal: signal that it receives when this process ends in any way, SIGKILL included
            (only on Linux; elsewhere the caller must stop it).
    """
    identity = f"{user.uid}:{user.gid}" if user else "-"
    arguments = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid())]
    arguments += [str(int(last_signal)), identity, *map(str, command)]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            arguments,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    if sys.platform != "linux":
        return start()
    started: Future[subprocess.Popen[bytes]] = Future()

    def parent() -> None:
        # Linux sends the last signal when the *thread* that forked ends, so this one must stay.
        try:
            process = start()
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        with contextlib.suppress(ChildProcessError):  # its exit status was collected already
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    threading.Thread(target=parent, name=f"parent of {command[0]}", daemon=True).start()
    return started.result()


def stop(process: subprocess.Popen[bytes], *signals: signal.Signals, patience: float) -> int:
    """Send each signal in turn, then SIGKILL; wait `patience` seconds after each.

    Returns:
        Its exit code.
    """
    for number in signals:
        process.send_signal(number)
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    return process.wait()
