"""Name the user who runs a command, for the log of accesses to students' data."""

from __future__ import annotations

import getpass
import socket


def actor() -> str:
    """Return the user and the machine that run the command."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an image without a user database
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
