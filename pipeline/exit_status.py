"""Exit statuses of `vividly`; their meaning never changes."""

from __future__ import annotations

OK = 0
FAILED = 1
USAGE = 2
DEPENDENCY = 3

SIGNAL = 128
"""Base of the statuses of a command that a signal stopped: the signal's number is added."""

INTERRUPTED = SIGNAL + 2
TERMINATED = SIGNAL + 15

MEANINGS = {
    OK: "done; a job has accounted for every message and left no work over",
    FAILED: "failed; also a job that left work over, or dead letters with --fail-on-dead-letter",
    USAGE: "wrong command line, environment variable, or file of requests",
    DEPENDENCY: "a dependency stayed down, or this worker or the configuration is at fault",
    INTERRUPTED: "interrupted by SIGINT; a job only if it left work over or had not begun",
    TERMINATED: "terminated by SIGTERM; a job only if it left work over or had not begun",
}
"""What each status means; the help text and docs/cli.md repeat these words."""
