"""Command-line interface; the installed script `vividly` calls `entry`.

Importing this package imports no command and no library.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


def entry(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with its status.

    A stopped job abandons work that did not finish within its grace period. `sys.exit` would wait
    for the threads and processes of that work, which may then fail with misleading errors, so the
    process exits at once in that case.

    Files that a command writes (artifacts, state, reports, logs) hold students' words, so they can
    be read by their owner only.

    Args:
        arguments: Command-line arguments without the program's name; `sys.argv[1:]` by default.
    """
    import contextlib
    import os
    import sys

    from pipeline import stop_signals
    from pipeline.standard_output import name_output_errors

    stop_signals.raise_on_signals()  # before the imports, which take seconds
    name_output_errors()
    os.umask(0o077)
    # Every fork of this process is followed by exec; gRPC's handlers of forks may crash the child.
    # https://github.com/grpc/grpc/blob/master/doc/fork_support.md
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    try:
        from pipeline.cli.app import main
        from transforms.process import temp_dirs

        status = main(arguments)
    except stop_signals.Stopped as stopped:  # `main` was not running yet
        print(f"vividly: {stopped}", file=sys.stderr)
        sys.exit(stopped.status)
    if temp_dirs.remove_abandoned():
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
