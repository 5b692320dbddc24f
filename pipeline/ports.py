"""Find a busy port before anything is started."""

from __future__ import annotations

import socket

from pipeline.embedded.process import LOOPBACK
from pipeline.usage_error import UsageError


def check_port(option: str, port: int) -> None:
    """Raise if a port of 127.0.0.1 is in use; any process may take it later.

    Raises:
        UsageError: The port is in use or reserved.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise port_error(option, port, error) from error


def port_error(option: str, port: int, error: OSError) -> UsageError:
    """Return the error of a port that is in use, with the name of its option."""
    return UsageError(f"{option} {port}: {(error.strerror or '').lower()}; give another")
