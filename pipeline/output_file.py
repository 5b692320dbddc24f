"""Write the output file that a user named."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from pathlib import Path

from transforms.process.named_errors import naming

STDOUT = "-"
"""Name that means standard output."""


def write_output(file: str | Path, text: str) -> None:
    """Write text to a file, which appears whole or not at all; `STDOUT` is standard output.

    Links are followed, and a file that exists keeps its permissions. What is no regular file, such
    as a pipe or a device, is written to.

    Raises:
        OSError: The file cannot be written; the error names it.
    """
    if str(file) == STDOUT:
        sys.stdout.write(text)
        return
    with naming(file):
        target = Path(file)
        if not str(target).startswith("/dev/"):  # its links name open files, not paths
            target = Path(os.path.realpath(target))
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode if target.exists() else None
        if str(target).startswith("/dev/") or (mode is not None and not stat.S_ISREG(mode)):
            target.write_text(text, encoding="utf-8")
        else:
            _replace(target, text, mode)


def _replace(target: Path, text: str, mode: int | None) -> None:
    part = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        part.write_text(text, encoding="utf-8")
        if mode is not None:
            part.chmod(stat.S_IMODE(mode))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
