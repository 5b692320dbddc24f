"""Function calls in a child process that can be killed on timeout.

Killing the child also ends the processes it started and frees its memory. Children are forked from
a fork server that has imported `transforms.child_preload` and nothing else, so they start in
milliseconds and inherit no locks from the threads of this process.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, Generic, TypeVar

from transforms.errors import (
    ChildDied,
    ChildError,
    ClaimLost,
    ContentError,
    StageTimeout,
    WorkerFault,
)
from transforms.faults import environment_fault, error_place
from transforms.process.singletons import process_singleton

T = TypeVar("T")

START_TRIES = 4
START_PAUSE = 0.2
"""Tries to start a child, and seconds between two of them."""

_main_module_lock = threading.Lock()


@dataclass(frozen=True)
class Finished(Generic[T]):
    """Return value and CPU time of a call in a child process.

    Attributes:
        value: Return value of the function.
        cpu_seconds: CPU seconds of the child and the processes it started.
    """

    value: T
    cpu_seconds: float


def call_in_child(work: Callable[..., T], *arguments: Any, timeout: float) -> Finished[T]:
    """Call `work(*arguments)` in a child process.

    Args:
        work: A function in a module other than `__main__`; it and its arguments are pickled.
        arguments: Arguments of the call.
        timeout: Seconds until the child's process group is killed.

    Raises:
        StageTimeout: The call did not return in time.
        ChildDied: The child was killed or crashed.
        ContentError: As raised by `work`.
        ClaimLost: As raised by `work`.
        WorkerFault: No child can be started, or `work` ran out of disk, memory or file handles.
        ChildError: Any other error of `work`.
        ValueError: `work` is defined in `__main__`, which children do not load.
    """
    if work.__module__ == "__main__":
        raise ValueError(
            f"{work.__name__} is defined in __main__: move it to a module to run it in a child"
        )
    process, ours = _start(work, arguments)
    try:
        if not ours.poll(max(timeout, 0.0)):
            raise StageTimeout(f"{work.__name__} was stopped after {timeout:.0f} s")
        outcome = ours.recv()
    except EOFError:
        process.join()
        raise ChildDied(
            f"the process of {work.__name__} died ({_exit_reason(process.exitcode)})"
        ) from None
    finally:
        ours.close()
        _kill(process)
    if isinstance(outcome, Finished):
        return outcome
    assert isinstance(outcome, Exception)
    raise outcome


def _start(
    work: Callable[..., Any], arguments: tuple[Any, ...]
) -> tuple[multiprocessing.process.BaseProcess, Connection]:
    """Start a child process; return it with this process's end of the pipe.

    A fork server that was killed is started again by a later try.

    Raises:
        WorkerFault: The fork server or the child cannot be started.
    """
    tries = START_TRIES
    while True:
        tries -= 1
        try:
            return _try_to_start(work, arguments)
        except (OSError, EOFError) as error:
            fault = environment_fault(error)
            if not fault and tries:
                time.sleep(START_PAUSE)
                continue
            raise fault or WorkerFault("fork server", _start_failure(error)) from error


def _start_failure(error: Exception) -> str:
    if isinstance(error, EOFError):
        return (
            "it ended when it was to start a process; see its error above, and raise the limits of "
            "processes (ulimit -u) and memory"
        )
    return f"{error}; restart this worker, or set TMPDIR to a folder with a short path"


def _try_to_start(
    work: Callable[..., Any], arguments: tuple[Any, ...]
) -> tuple[multiprocessing.process.BaseProcess, Connection]:
    with contextlib.ExitStack() as opened:
        context = process_singleton(_context)
        ours, theirs = context.Pipe()
        opened.callback(ours.close)
        with theirs:
            process = context.Process(target=_main, args=(theirs, work, arguments))
            with _main_module_hidden():
                process.start()
        opened.pop_all()
    return process, ours


def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["transforms.child_preload"])
    return context


@contextlib.contextmanager
def _main_module_hidden() -> Iterator[None]:
    """Keep multiprocessing from importing this process's `__main__` in its children.

    Children do not need it, and on Dataflow it is Beam's worker, whose import takes most of a
    second. Other threads still find the attributes of `__main__` during the block.
    """
    with _main_module_lock:
        program = sys.modules["__main__"]

        def find(name: str) -> Any:
            if name == "__file__":
                raise AttributeError(name)
            return getattr(program, name)

        stand_in = ModuleType("__main__")
        stand_in.__dict__["__getattr__"] = find
        sys.modules["__main__"] = stand_in
        try:
            yield
        finally:
            sys.modules["__main__"] = program


def _main(parent: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    os.setsid()  # a new process group, so that its own children can be killed with it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    threading.Thread(target=_exit_with_parent, args=(parent,), daemon=True).start()
    try:
        outcome: object = Finished(work(*arguments), 0.0)
    except BaseException as error:  # noqa: BLE001  (the parent raises it)
        # Found here, since causes and error numbers do not pass the pipe.
        outcome = environment_fault(error)
        if outcome is None:
            known = isinstance(error, ContentError | ClaimLost)
            outcome = error if known else ChildError(traceback.format_exc(), error_place(error))
    if isinstance(outcome, Finished):
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        outcome = Finished(outcome.value, sum(u.ru_utime + u.ru_stime for u in used))
    parent.send(outcome)


def _exit_with_parent(parent: Connection) -> None:
    """Kill this process group when the parent exits.

    The parent never sends anything, so the read returns only when its end of the pipe closes.
    """
    with contextlib.suppress(EOFError, OSError):
        parent.recv()
    os.killpg(0, signal.SIGKILL)


def _kill(process: multiprocessing.process.BaseProcess) -> None:
    if process.pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.join()


def _exit_reason(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return signal.Signals(-exitcode).name
    return f"exit code {exitcode}"
