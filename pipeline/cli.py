"""`vividly`: every command, its exit status, and how its failures read."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module

from pipeline import logs
from pipeline.arguments import add_arguments
from pipeline.errors import UsageError

COMMANDS = (
    "demo",
    "drain",
    "batch",
    "publish",
    "status",
    "cancel",
    "dead-letters",
    "db",
    "emulators",
)

OK, FAILED, USAGE, DEPENDENCY = 0, 1, 2, 3
"""Exit statuses: all accounted for; dead letters and --fail-on-dead-letter, or another failure; the
command or its settings are wrong; a dependency is down."""


def parser() -> argparse.ArgumentParser:
    """The whole command line.

    Raises:
        ValueError: an environment variable holds what its setting does not accept.
    """
    top = argparse.ArgumentParser(
        prog="vividly",
        description="Turns students' questions into narrated, captioned lessons.",
        epilog="exit status: 0 all accounted for, 1 failed, 2 usage, 3 a dependency is down",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = _module(name)
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(command)
        add_arguments(command, [*module.SETTINGS, "log-level"])
        command.add_argument("--debug", action="store_true", help="show tracebacks")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: without the program's name; those of the process by default.

    Returns:
        The exit status.
    """
    try:
        chosen = parser().parse_args([_dashed(a) for a in arguments or sys.argv[1:]])
    except ValueError as error:
        return _fail(str(error), USAGE)
    logs.configure("DEBUG" if chosen.debug else chosen.log_level)
    try:
        return _module(chosen.command).run(chosen)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except Exception as error:
        if chosen.debug:
            raise
        return _fail(*_explain(error))


def _explain(error: Exception) -> tuple[str, int]:
    from transforms.errors import DependencyDown

    if isinstance(error, DependencyDown):
        return str(error), DEPENDENCY
    if isinstance(error, UsageError):
        return str(error), USAGE
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}", USAGE
    return f"{type(error).__name__}: {error} (run again with --debug for the traceback)", FAILED


def _fail(message: str, status: int) -> int:
    print(f"vividly: {message}", file=sys.stderr)
    return status


def _dashed(argument: str) -> str:
    """Beam spells its options with underscores; both spellings are accepted."""
    name = re.match(r"--[a-z_-]+", argument)
    return name[0].replace("_", "-") + argument[name.end() :] if name else argument


def _module(command: str):  # type: ignore[no-untyped-def]  # a module has no useful type
    return import_module(f"pipeline.commands.{command.replace('-', '_')}")
