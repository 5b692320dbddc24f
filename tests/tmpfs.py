"""Mount a small file system, to fill it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def missing() -> str | None:
    """Return why no file system can be mounted here; None when it can."""
    return "only root may mount a tmpfs" if os.geteuid() else None


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[Path]:
    """Mount a tmpfs of `size` bytes on a new folder while the block runs."""
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "tmpfs", str(folder)], check=True
    )
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
