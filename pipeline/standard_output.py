"""Standard output whose reader has gone, or whose disk is full."""

from __future__ import annotations

import contextlib
import os
import sys


def discard_output() -> None:
    """Discard what was printed and is not written yet; else Python fails on it at exit."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
