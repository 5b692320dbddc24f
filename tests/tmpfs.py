"""Mount a small file system, to fill it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def missing() -> str | None:
    """Return why no file system can be mounted here; None when it can."""
    return "only root may mount a tmpfs" if os.geteuid() else None


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """Mount a tmpfs with options on a new folder; skip the test where that is not allowed."""
    if reason := missing():
        pytest.skip(reason)
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a tmpfs cannot be mounted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(folder: Path, left: int) -> Iterator[None]:
    """Leave `left` bytes of a file system free while the block runs."""
    filler = folder / "filler"
    found = os.statvfs(folder)
    try:
        filler.write_bytes(bytes(max(0, found.f_bavail * found.f_frsize - left)))
        yield
    finally:
        filler.unlink(missing_ok=True)
