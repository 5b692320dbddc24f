"""Exit statuses of `vividly`; their meaning never changes."""

from __future__ import annotations

OK = 0
"""Every message is accounted for."""

FAILED = 1
"""The command failed, or `--fail-on-dead-letter` is given and there are dead letters."""

USAGE = 2
"""The command line, an environment variable or the configuration is wrong."""

DEPENDENCY = 3
"""A dependency stayed down."""

INTERRUPTED = 130
"""The command was interrupted from the keyboard."""
