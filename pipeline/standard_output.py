"""Report errors of standard output: a closed pipe or a full disk."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import cast


class OutputError(OSError):
    """Writing to standard output failed; unlike other `OSError`s, it is no fault of the worker."""


class StandardOutput(io.TextIOWrapper):
    """Standard output that raises `OutputError` for all errors but a closed pipe."""

    def write(self, text: str) -> int:
        """Write text to standard output.

        Raises:
            OutputError: It cannot be written.
            BrokenPipeError: The reader has closed the pipe.
        """
        with _output_error():
            return super().write(text)

    def flush(self) -> None:
        """Write the buffered text; raises as `write` does."""
        with _output_error():
            super().flush()


def name_output_errors() -> None:
    """Make `sys.stdout` raise `OutputError`."""
    if sys.stdout is None:  # it was closed before this process started
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (until the end)
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        settings = {
            name: getattr(sys.stdout, name)
            for name in ("encoding", "errors", "line_buffering", "write_through")
        }
        raw = io.FileIO(sys.stdout.fileno(), "w", closefd=False)
        is_unbuffered = isinstance(sys.stdout.buffer, io.RawIOBase)
        buffer = cast("io.BufferedWriter", raw) if is_unbuffered else io.BufferedWriter(raw)
        sys.stdout = StandardOutput(buffer, **settings)


def discard_output() -> None:
    """Discard buffered output, on which Python would fail at exit."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _output_error() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error.errno, error.strerror, "standard output") from error
