"""Command-line parser that suggests the nearest option or value for a wrong one.

Errors take one line, and never repeat the value of an option, which may be a secret. Options cannot
be abbreviated, because a new option would change the meaning of an abbreviation.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from pipeline.exit_status import USAGE
from pipeline.settings.suggestions import did_you_mean
from transforms.telemetry.redaction import redact


class Parser(argparse.ArgumentParser):
    """Parser of the program or of one command.

    Args:
        passes_on: Collect unknown options in `passed_on` of the namespace; Beam checks them.
    """

    def __init__(self, passes_on: bool = False, **settings: Any) -> None:
        super().__init__(
            allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **settings
        )
        self._passes_on = passes_on

    def parse_known_args(  # type: ignore[override]  # as argparse calls it
        self,
        args: Sequence[str] | None = None,
        namespace: argparse.Namespace | None = None,
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse arguments; unknown ones are an error unless they are passed on."""
        given = sys.argv[1:] if args is None else list(args)
        if self._passes_on:
            found, unknown = super().parse_known_args(given, namespace)
            found.passed_on = unknown
            return found, []
        for name in self._options(
            given
        ):  # reported before missing arguments, which may only follow from them
            if name not in self._option_string_actions:
                self.error(
                    f"there is no option {name}{did_you_mean(name, self._option_string_actions)}"
                )
        found, unknown = super().parse_known_args(given, namespace)
        if unknown:
            self.error("too many arguments")
        return found, []

    def error(self, message: str) -> NoReturn:
        """Print the error in one line and exit."""
        self.exit(USAGE, f"{self.prog}: {redact(message)} (see `{self.prog} --help`)\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)  # argparse's own ignores errors of it

    def _options(self, arguments: Sequence[str]) -> Iterator[str]:
        """Yield the names of the options that belong to this parser."""
        for argument in arguments:
            if argument == "--" or (self._subparsers and not argument.startswith("-")):
                return  # the rest are positional, or options of a command
            name = argument.partition("=")[0]
            if (argument.startswith("--") and " " not in name) or re.fullmatch("-[A-Za-z]+", name):
                yield name

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            raise argparse.ArgumentError(
                action,
                f"{value!r} is not one of {', '.join(known)}{did_you_mean(str(value), known)}",
            )


class Version(argparse.Action):
    """Prints the installed version; its metadata is read only when needed."""

    def __init__(self, option_strings: Sequence[str], dest: str, **settings: Any) -> None:
        super().__init__(option_strings, dest=argparse.SUPPRESS, nargs=0, **settings)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print the version and exit."""
        from importlib.metadata import version

        print(f"{parser.prog} {version('vividly-pipeline')}")
        parser.exit()
