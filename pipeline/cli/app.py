"""Parse the command line, run a command and report its failure in one line."""

from __future__ import annotations

import argparse
import os
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module

from pipeline.cli.parser import Parser, Version
from pipeline.exit_status import DEPENDENCY, FAILED, INTERRUPTED, MEANINGS, OK, USAGE
from pipeline.monitoring import logging_config
from pipeline.monitoring.traces import traced
from pipeline.settings import LOGGING, find_setting
from pipeline.settings.arguments import add_arguments, unknown_variables
from pipeline.standard_output import OutputError, discard_output
from pipeline.usage_error import UsageError
from transforms.telemetry.redaction import redact

COMMANDS = (
    "demo",
    "serve",
    "run",
    "drain",
    "batch",
    "check",
    "publish",
    "status",
    "cost",
    "evaluate",
    "report",
    "cancel",
    "dead-letters",
    "students",
    "cards",
    "care",
    "shared",
    "db",
    "emulators",
    "completion",
)

EPILOG = """examples:
  vividly demo
  vividly drain --help
  vividly status --json

exit status:
"""
EPILOG += "".join(f"  {status:<4} {meaning}\n" for status, meaning in MEANINGS.items())


def parser(only: str | None = None, environment: Mapping[str, str] | None = None) -> Parser:
    """Build the parser of the whole command line.

    Args:
        only: Command whose options are added; other commands get a name only, which saves time.
        environment: Variables that set defaults; those of this process by default.

    Raises:
        ValueError: An environment variable holds a value that its setting does not accept.
    """
    top = Parser(
        prog="vividly",
        description="Turns students' questions into narrated, captioned lessons.",
        epilog=EPILOG,
    )
    top.add_argument("--version", action=Version, help="print the installed version")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = _module(name)
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            epilog=module.EXAMPLES,
            passes_on=getattr(module, "PASSES_ON", False),
        )
        if only in (None, name):
            module.configure(command)
            add_arguments(command, [*module.SETTINGS, *LOGGING], environment)
            command.add_argument("--debug", action="store_true", help="show tracebacks")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; see `pipeline.exit_status`.

    Args:
        arguments: Command-line arguments without the program's name; `sys.argv[1:]` by default.
    """
    try:
        chosen = _parse([_normalize(argument) for argument in arguments or sys.argv[1:]])
        return _run(chosen)
    except ValueError as error:
        return _fail(str(error), USAGE)
    except BrokenPipeError:  # the reader closed the pipe
        discard_output()
        return OK
    except OutputError as error:
        discard_output()
        return _fail(f"{error.filename}: {error.strerror}", FAILED)
    except KeyboardInterrupt as stopped:
        return _fail(str(stopped) or "interrupted", getattr(stopped, "status", INTERRUPTED))


def _run(chosen: argparse.Namespace) -> int:
    logging_config.configure(
        "DEBUG" if chosen.debug else chosen.log_level,
        chosen.log_format,
        getattr(chosen, "project", None) or os.environ.get("GOOGLE_CLOUD_PROJECT"),
    )
    try:
        with traced(getattr(chosen, "otlp_endpoint", None)):
            status: int = _module(chosen.command).run(chosen)
        sys.stdout.flush()  # an error of it is reported here, not at exit
        return status
    except (BrokenPipeError, OutputError):
        raise
    except Exception as error:  # noqa: BLE001  (every error is reported in one line)
        if chosen.debug:
            print(redact(traceback.format_exc()), end="", file=sys.stderr)
        message, status = _explain(error)
        return _fail(message, status, error if status == FAILED else None)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    command = next((argument for argument in arguments if argument in COMMANDS), "")
    for warning in unknown_variables(os.environ):
        print(f"vividly: {warning}", file=sys.stderr)
    try:
        return parser(only=command).parse_args(arguments)
    except SystemExit:  # after the help text, for one
        sys.stdout.flush()
        raise


def _explain(error: Exception) -> tuple[str, int]:
    from transforms.faults import environment_fault

    if isinstance(error, UsageError):
        return str(error), USAGE
    named = isinstance(error, OSError) and error.filename
    fault = environment_fault(error)
    # A file or folder that the user named and may not use is no fault of the worker.
    if fault and not (named and isinstance(error, PermissionError)):
        return str(fault), DEPENDENCY
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}", USAGE
    return f"{type(error).__name__}: {error} (run again with --debug for the traceback)", FAILED


def _fail(message: str, status: int, bug: Exception | None = None) -> int:
    logging_config.report_error(message, bug)
    return status


def _normalize(argument: str) -> str:
    """Normalize an option: dashes for Beam's underscores, `--name` for a switch `--name=true`."""
    name = re.match(r"--[a-z_-]+", argument)
    if not name:
        return argument
    dashed = name[0].replace("_", "-") + argument[name.end() :]
    option, _, value = dashed.partition("=")
    setting = find_setting(option[2:]) if value else None
    if not setting or setting.type is not bool:
        return dashed
    try:
        return option if setting.read(value) else f"--no-{setting.name}"
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None


def _module(command: str):  # type: ignore[no-untyped-def]  # a module has no useful type
    return import_module(f"pipeline.commands.{command.replace('-', '_')}")
