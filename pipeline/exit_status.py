"""Exit statuses of `vividly`; their meaning never changes."""

from __future__ import annotations

OK = 0
"""No work is left over: every message is accounted for."""

FAILED = 1
"""The command failed or left work over, or there are dead letters with `--fail-on-dead-letter`."""

USAGE = 2
"""The command line, an environment variable or the configuration is wrong."""

DEPENDENCY = 3
"""A dependency stayed down, or this worker or its configuration is at fault."""

SIGNAL = 128
"""Base of the statuses of a command that a signal stopped: the signal's number is added."""

INTERRUPTED = SIGNAL + 2
"""The command was interrupted from the keyboard (SIGINT)."""

TERMINATED = SIGNAL + 15
"""The command was stopped by SIGTERM with work left over."""
