"""Processes forked from a server that has imported the pipeline.

Importing Beam and Google's clients takes seconds, and the tests start hundreds of commands and
workers. The server is a process of its own, without threads, so its forks inherit no lock, and
multiprocessing's fork server stays the one that the pipeline starts.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[1]

PRELOAD = (
    "alembic.command",
    "pipeline.cli.app",
    "pipeline.cli.output",
    "pipeline.cli.request_tables",
    "pipeline.commands.batch",
    "pipeline.commands.drain",
    "pipeline.jobs.batch",
    "pipeline.jobs.drain",
    "pipeline.jobs.lifecycle",
    "pipeline.jobs.resources",
    "pipeline.jobs.scheduler",
    "pipeline.settings.beam_options",
    "pg8000",
    "sqlalchemy.dialects.postgresql",
    "google.cloud.pubsub_v1",
    "google.cloud.storage",
    "transforms.ledger.migrate",
    "transforms.script.engines.offline.offline_writer",
    "transforms.narration.engines.offline.offline_voice",
    "transforms.narration.recording",
)


class Forked:
    """A process forked by the server; used like `subprocess.Popen`.

    Attributes:
        pid: Process id.
        returncode: Exit code, negative for a signal; None while the process runs.
        stdout: What the process prints, if it was started with a pipe.
    """

    def __init__(self, connection: Connection, stdout: IO[str] | None) -> None:
        self._connection = connection
        self.pid: int = connection.recv()
        self.returncode: int | None = None
        self.stdout = stdout

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while the process runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code.

        Raises:
            subprocess.TimeoutExpired: The process still runs after `timeout` seconds.
        """
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and self._connection.poll(timeout):
            self.returncode = self._connection.recv()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Wait for the end; return what was printed and not read, less than a pipe holds."""
        assert self.stdout is not None
        self.wait(timeout)
        with self.stdout:
            return self.stdout.read(), None

    def send_signal(self, number: int) -> None:
        """Send a signal unless the process has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


def start(
    function: Callable[..., object],
    *arguments: object,
    stderr: IO[Any],
    environment: Mapping[str, str],
    stdout: IO[Any] | None = None,
) -> Forked:
    """Call a function in a fork of the server.

    The process ends with the exit status of the function, and is killed if this process ends.

    Args:
        function: A function of a module; it and its arguments are pickled.
        arguments: Arguments of the call.
        stderr: File for standard error.
        environment: The whole environment.
        stdout: File for standard output; by default a pipe, `Forked.stdout`.
    """
    reader = None
    with contextlib.ExitStack() as stack:
        if stdout is None:
            descriptor, other = os.pipe()
            reader, stdout = os.fdopen(descriptor), stack.enter_context(os.fdopen(other, "wb"))
        ours, theirs = multiprocessing.Pipe()
        stack.enter_context(theirs)
        descriptors = [theirs.fileno(), stdout.fileno(), stderr.fileno()]
        socket.send_fds(_server(), [b"."], descriptors)
    ours.send((os.getcwd(), dict(environment), pickle.dumps((function, arguments))))
    return Forked(ours, reader)


@functools.cache
def _server() -> socket.socket:
    """Start the server; it ends with this process, when the other end of its socket is closed."""
    ours, theirs = socket.socketpair()
    with theirs:
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"from tests.fork_server import serve; serve({theirs.fileno()})",
            ],
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    return ours


def serve(descriptor: int) -> None:
    """Import the pipeline, and fork a process for each request until the client has ended."""
    for name in PRELOAD:
        import_module(name)
    import_module("transforms.script.matching.topics").load_topic_index()  # each lesson needs it
    assert threading.active_count() == 1, "a thread of the server would be lost in its forks"
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # do not keep zombies
    with socket.socket(fileno=descriptor) as client:
        while True:
            data, descriptors, _, _ = socket.recv_fds(client, 1, 3)
            if not data:
                return
            if os.fork() == 0:
                client.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _watch(*descriptors)
                os._exit(0)
            for each in descriptors:
                os.close(each)


def _watch(control: int, stdout: int, stderr: int) -> None:
    """Run a request in a child and report the child's pid and exit code."""
    os.setsid()
    connection = Connection(control)
    folder, environment, call = connection.recv()
    child = multiprocessing.get_context("fork").Process(
        target=_run, args=(connection, stdout, stderr, folder, environment, call)
    )
    child.start()
    os.close(stdout)
    os.close(stderr)
    connection.send(child.pid)

    def kill_with_client() -> None:
        with contextlib.suppress(EOFError, OSError):
            connection.recv()  # the client sends nothing more
        child.kill()

    threading.Thread(target=kill_with_client, daemon=True).start()
    child.join()
    with contextlib.suppress(OSError):
        connection.send(child.exitcode)


def _run(
    connection: Connection,
    stdout: int,
    stderr: int,
    folder: str,
    environment: Mapping[str, str],
    call: bytes,
) -> None:
    connection.close()
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stdout)
    os.close(stderr)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # a module has asked for it: read the environment again
    function, arguments = pickle.loads(call)
    function(*arguments)
