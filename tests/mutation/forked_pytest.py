"""Run pytest in a copy of the checkout, forked from a process that has imported what is slow."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

TIMEOUT = 300.0
"""Seconds for the tests of one mutant; a mutant that hangs them is killed as well."""

SLOW_IMPORTS = (
    "apache_beam.runners.portability.fn_api_runner.fn_runner",
    "apache_beam.testing.test_stream",
    "google.cloud.pubsub_v1",
    "google.cloud.storage",
    "hypothesis",
    "pytest",
    "sqlalchemy.dialects.postgresql.pg8000",
)
"""Packages of others: importing them takes longer than most tests of a mutant."""

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(list(SLOW_IMPORTS))


def passes(
    folder: Path, tests: tuple[str, ...], timeout: float = TIMEOUT, shows_failure: bool = False
) -> bool:
    """Run tests in a copy of the checkout, and say whether all passed.

    Args:
        folder: the copy.
        tests: arguments for pytest that select tests.
        timeout: seconds for all of them; tests that take longer have not passed.
        shows_failure: print the end of pytest's output if they have not passed.

    Raises:
        RuntimeError: pytest found no such tests, or did not run them.
    """
    with NamedTemporaryFile("r", encoding="utf-8", errors="replace") as output:
        started = _processes.Process(target=_run_pytest, args=(folder, tests, output.name))
        started.start()
        assert started.pid is not None
        try:
            started.join(timeout)
            code = started.exitcode
        finally:
            with suppress(ProcessLookupError):  # what the tests have started, too
                os.killpg(started.pid, signal.SIGKILL)
            started.kill()
            started.join()
        if code is not None and code > 2:  # 2: a module could not be imported
            raise RuntimeError(f"{' '.join(tests)}: {output.read()[-4000:]}")
        if code != 0 and shows_failure:
            print(output.read()[-4000:])
    return code == 0


def _run_pytest(folder: Path, tests: tuple[str, ...], output: str) -> None:
    """Run pytest in this process, with modules from the folder only, and end the process."""
    os.setsid()
    with open(output, "w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(folder)
    os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = True
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]  # of the checkout that is copied
    sys.path.insert(0, str(folder))
    import pytest

    sys.exit(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-m", "", *tests]))
