"""The command line's parser: argparse that helps with what it does not understand.

A wrong option or value is answered with the nearest right one, never with pages of usage, and never
with what was given to the option, which may be a secret. Options are not abbreviated: a new one
would change what an abbreviation means.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from pipeline.cli.suggestions import did_you_mean
from pipeline.exit_status import USAGE
from transforms.telemetry.redaction import redact


class Parser(argparse.ArgumentParser):
    """Of the whole program, and of each command.

    Args:
        passes_on: leave what is unknown in `passed_on` of the namespace, for Beam to judge.
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
        """Parse, leaving nothing unknown."""
        given = sys.argv[1:] if args is None else list(args)
        if self._passes_on:
            found, unknown = super().parse_known_args(given, namespace)
            found.passed_on = unknown
            return found, []
        for name in self._options(given):  # before what else may be missing on their account
            if name not in self._option_string_actions:
                self.error(
                    f"there is no option {name}{did_you_mean(name, self._option_string_actions)}"
                )
        found, unknown = super().parse_known_args(given, namespace)
        if unknown:
            self.error("too many arguments")
        return found, []

    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong, and exit."""
        self.exit(USAGE, f"{self.prog}: {redact(message)} (see `{self.prog} --help`)\n")

    def _options(self, arguments: Sequence[str]) -> Iterator[str]:
        """The names of options among arguments that are this parser's own."""
        for argument in arguments:
            if argument == "--" or (self._subparsers and not argument.startswith("-")):
                return  # the rest are no options, or those of a command
            if argument.startswith("--") and " " not in argument.partition("=")[0]:
                yield argument.partition("=")[0]

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            raise argparse.ArgumentError(
                action,
                f"{value!r} is not one of {', '.join(known)}{did_you_mean(str(value), known)}",
            )


class Version(argparse.Action):
    """Prints the version that is installed; looked up only then."""

    def __init__(self, option_strings: Sequence[str], dest: str, **settings: Any) -> None:
        super().__init__(option_strings, dest=argparse.SUPPRESS, nargs=0, **settings)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print and exit."""
        from importlib.metadata import version

        print(f"{parser.prog} {version('vividly-pipeline')}")
        parser.exit()
