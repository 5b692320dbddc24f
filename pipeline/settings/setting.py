"""Setting: one value that comes from the command line, the environment or a default."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.settings.suggestions import did_you_mean

ENVIRONMENT_PREFIX = "VIVIDLY_"


@dataclass(frozen=True)
class Setting:
    """Declaration of one setting: name, help text, type, default and environment variables.

    Attributes:
        name: the option without its leading dashes.
        help: one line; the unit, if there is one, is in `unit`.
        group: heading in help texts and the reference.
        type: makes the value from text; `bool` is a switch.
        default: value when neither option nor variable is given; text is parsed by `type`.
        unit: shown beside the default.
        choices: the only values accepted.
        aliases: further environment variables, looked up after `VIVIDLY_…`.
        graph: shapes the graph, and so is also a Beam pipeline option.
        secret: masked in logs.
    """

    name: str
    help: str
    group: str
    type: Callable[[str], Any] = str
    default: Any = None
    unit: str = ""
    choices: Sequence[str] = ()
    aliases: tuple[str, ...] = ()
    graph: bool = False
    secret: bool = False

    @property
    def dest(self) -> str:
        """Name of the attribute that holds the value after parsing."""
        return self.name.replace("-", "_")

    @property
    def flag(self) -> str:
        """Name of the command-line option, with its leading dashes."""
        return f"--{self.name}"

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that set it; the first one found wins."""
        return (ENVIRONMENT_PREFIX + self.dest.upper(), *self.aliases)

    def read(self, text: str) -> Any:
        """Parse the text of a value from the command line or the environment.

        Raises:
            ValueError: the message names the accepted values.
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

    def resolve(self, environment: Mapping[str, str]) -> Any:
        """Return the value from the environment, or else the default.

        Raises:
            ValueError: the message names the environment variable and the accepted values.
        """
        for variable in self.variables:
            if variable in environment:
                try:
                    return self.read(environment[variable])
                except ValueError as error:
                    raise ValueError(f"{variable}: {error}") from None
        return self.read(self.default) if isinstance(self.default, str) else self.default
