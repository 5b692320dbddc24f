"""Work in a child process that can be killed with everything it started, and its memory with it.

Children are forked from a fork server that has imported `transforms.child_preload` and nothing
else, so they start in milliseconds and inherit no locks from the threads of this process.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, Generic, TypeVar

from transforms.errors import ContentError, StageTimeout, TransientError
from transforms.process.singletons import process_singleton

T = TypeVar("T")
_hiding = threading.Lock()


@dataclass(frozen=True)
class Finished(Generic[T]):
    """What a child returned, and the CPU seconds it and its own children used."""

    value: T
    cpu_seconds: float


def call_in_child(work: Callable[..., T], *arguments: Any, timeout: float) -> Finished[T]:
    """Call `work(*arguments)` in a child process.

    Args:
        work: importable by name, from another module than the program itself; it and its arguments
            are pickled.
        timeout: seconds, after which the child's whole process group is killed.

    Raises:
        StageTimeout: it took too long.
        TransientError: the child died (out of memory, a crash in native code).
        ContentError: as raised by `work`.
        RuntimeError: anything else raised by `work`, with the child's traceback.
        ValueError: `work` is part of the program, which children do not load.
    """
    if work.__module__ == "__main__":
        raise ValueError(f"{work.__name__} must stand in a module of its own to run in a child")
    context = process_singleton(_context)
    ours, theirs = context.Pipe()
    process = context.Process(target=_main, args=(theirs, work, arguments))
    with _main_module_hidden():
        process.start()
    theirs.close()
    try:
        if not ours.poll(max(timeout, 0.0)):
            raise StageTimeout(f"{work.__name__} was stopped after {timeout:.0f} s")
        outcome = ours.recv()
    except EOFError:
        process.join()
        raise TransientError(
            f"the process of {work.__name__} died ({_died(process.exitcode)})"
        ) from None
    finally:
        ours.close()
        _kill(process)
    if isinstance(outcome, Finished):
        return outcome
    if isinstance(outcome, ContentError):
        raise outcome
    raise RuntimeError(outcome)


def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["transforms.child_preload"])
    return context


@contextlib.contextmanager
def _main_module_hidden() -> Iterator[None]:
    """Keep multiprocessing from loading the program of this process into its children.

    They need nothing of it, and on Dataflow it is Beam's worker, which takes most of a second.
    Whoever else looks for something in `__main__` meanwhile still finds it.
    """
    with _hiding:
        program = sys.modules["__main__"]

        def find(name: str) -> Any:
            if name == "__file__":
                raise AttributeError(name)
            return getattr(program, name)

        veil = ModuleType("__main__")
        veil.__dict__["__getattr__"] = find
        sys.modules["__main__"] = veil
        try:
            yield
        finally:
            sys.modules["__main__"] = program


def _main(parent: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    os.setsid()  # a process group of its own, so that what it starts can be killed with it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to act on
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    try:
        outcome: object = Finished(work(*arguments), 0.0)
    except ContentError as error:
        outcome = error
    except BaseException:  # noqa: BLE001  (it is reported in the parent)
        outcome = traceback.format_exc()
    if isinstance(outcome, Finished):
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        outcome = Finished(outcome.value, sum(u.ru_utime + u.ru_stime for u in used))
    parent.send(outcome)


def _die_with(parent: Connection) -> None:
    """Nothing is ever sent this way; the read ends when the parent does, however it dies."""
    with contextlib.suppress(EOFError, OSError):
        parent.recv()
    os.killpg(0, signal.SIGKILL)


def _kill(process: multiprocessing.process.BaseProcess) -> None:
    if process.pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.join()


def _died(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return signal.Signals(-exitcode).name
    return f"exit code {exitcode}"
