"""Settings as command-line arguments, and as people read them."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pipeline.cli.suggestions import closest_match
from pipeline.cli.timestamps import parse_since
from pipeline.settings import (
    BY_NAME,
    ENVIRONMENT_PREFIX,
    FRAME_SIZES,
    SETTINGS,
    Setting,
    frame_size,
    positive_int,
    whole_number,
)
from transforms.telemetry.redaction import redact

LIKENESS = 0.8
"""Of an environment variable's name to a setting's; anything less may be somebody else's."""


def add_arguments(
    parser: argparse.ArgumentParser,
    names: Iterable[str],
    environment: Mapping[str, str] | None = None,
) -> None:
    """Add settings to a command, grouped, with their defaults taken from the environment.

    Raises:
        ValueError: an environment variable holds what its setting does not accept.
    """
    variables = os.environ if environment is None else environment
    groups: dict[str, Any] = {}
    for name in names:
        setting = BY_NAME[name]
        if setting.group not in groups:
            groups[setting.group] = parser.add_argument_group(setting.group)
        default = setting.resolve(variables)
        shared = {"dest": setting.dest, "default": default, "help": describe(setting)}
        if setting.type is bool:
            groups[setting.group].add_argument(
                setting.flag, action=argparse.BooleanOptionalAction, **shared
            )
        else:
            groups[setting.group].add_argument(
                setting.flag,
                type=argument_type(setting),
                metavar=_metavar(setting),
                choices=setting.choices or None,
                **shared,
            )


def unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """A warning for each variable that is named almost as one of a setting is."""
    known = {setting.dest.upper() for setting in SETTINGS}
    for variable in sorted(environment):
        name = variable.removeprefix(ENVIRONMENT_PREFIX)
        if name not in (variable, *known) and (meant := closest_match(name, known, LIKENESS)):
            yield f"{variable} sets nothing; did you mean {ENVIRONMENT_PREFIX}{meant}?"


def parse_moment(text: str) -> datetime:
    """A point in time as argparse wants it; see `pipeline.cli.timestamps`."""
    try:
        return parse_since(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def describe(setting: Setting) -> str:
    """Its help with default and environment variable, as `--help` shows it."""
    default = "" if setting.default is None else f"default {format_value(setting.default)}"
    unit = f" {setting.unit}" if default and setting.unit else ""
    notes = "; ".join(filter(None, (default + unit, setting.variables[0])))
    return f"{setting.help} [{notes}]".replace("%", "%%")


def format_value(value: Any) -> str:
    """A value as somebody would type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def mask_value(setting: Setting, value: Any) -> str:
    """A value as it may be logged."""
    if setting.secret and value:
        return redact(re.sub(r"(//[^:/@]*):.*@", r"\1:***@", str(value), flags=re.S))
    return "x".join(map(str, value)) if isinstance(value, tuple) else format_value(value)


def argument_type(setting: Setting) -> Callable[[str], Any]:
    """`Setting.read` as argparse wants it."""

    def read(text: str) -> Any:
        try:
            return setting.read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(setting.reason(error)) from None

    return read


def _metavar(setting: Setting) -> str:
    if setting.choices:
        return "{" + ",".join(setting.choices) + "}"
    if setting.type is frame_size:
        return "{" + ",".join(FRAME_SIZES) + "}"
    counted = setting.type in (positive_int, whole_number)
    names = {"seconds": "SECONDS", "US dollars": "USD"}
    return names.get(setting.unit, "N" if counted else "…")
