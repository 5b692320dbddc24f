"""Error of a command's configuration; errors of elements are in `transforms.errors`."""

from __future__ import annotations


class UsageError(Exception):
    """The command line or the configuration is wrong; the message says what would be right."""
