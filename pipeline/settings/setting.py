"""One setting: where its value comes from and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.cli.suggestions import did_you_mean
from pipeline.settings.parsers import positive_int, seconds, whole_number

ENVIRONMENT_PREFIX = "VIVIDLY_"


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: as on the command line, without the leading dashes.
        help: one line; the unit, if there is one, is in `unit`.
        group: the heading it stands under.
        type: makes the value from text; `bool` is a switch.
        default: the value when nobody says anything; text is put through `type`.
        unit: shown beside the default.
        choices: the only values accepted.
        aliases: further environment variables, looked up after `VIVIDLY_…`.
        graph: true if it shapes the graph, and so is one of Beam's pipeline options too.
        secret: never echoed.
    """

    name: str
    help: str
    group: str
    type: Callable[[str], Any] = str
    default: Any = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    graph: bool = False
    secret: bool = False

    @property
    def dest(self) -> str:
        """Its name as an attribute."""
        return self.name.replace("-", "_")

    @property
    def flag(self) -> str:
        """Its spelling on the command line."""
        return f"--{self.name}"

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that set it, the first one found wins."""
        return (ENVIRONMENT_PREFIX + self.dest.upper(), *self.aliases)

    def read(self, text: str) -> Any:
        """The value for `text`.

        Raises:
            ValueError: says what would be right.
        """
        if self.type is bool:
            if text.lower() in ("1", "true", "yes", "on"):
                return True
            if text.lower() in ("0", "false", "no", "off", ""):
                return False
            raise ValueError("must be true or false")
        if self.choices and text not in self.choices:
            raise ValueError(
                f"must be one of {', '.join(self.choices)}{did_you_mean(text, self.choices)}"
            )
        return self.type(text)

    def reason(self, error: ValueError) -> str:
        """What would be right, in place of what Python says of a value it cannot read."""
        text = str(error)
        numbers: dict[Callable[[str], Any], str] = {
            positive_int: "whole number from 1",
            whole_number: "whole number from 0",
        }
        if text.startswith("must be") or self.type not in (*numbers, seconds):
            return text
        return f"must be a {numbers.get(self.type, 'number of seconds from 0')}"

    def resolve(self, environment: Mapping[str, str]) -> Any:
        """The value that holds when the command line says nothing.

        Raises:
            ValueError: names the environment variable and what would be right.
        """
        for variable in self.variables:
            if variable in environment:
                try:
                    return self.read(environment[variable])
                except ValueError as error:
                    raise ValueError(f"{variable}: {self.reason(error)}") from None
        return self.read(self.default) if isinstance(self.default, str) else self.default
