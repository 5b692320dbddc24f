"""Command-line arguments made from settings, and formatting of their values."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pipeline.settings import (
    ENVIRONMENT_PREFIX,
    FRAME_SIZES,
    OWN,
    Setting,
    frame_size,
    port_number,
    positive_int,
    settings_of,
    timestamps,
    whole_number,
)
from pipeline.settings.suggestions import closest_match
from pipeline.settings.timestamps import parse_since
from transforms.telemetry.redaction import redact

T = TypeVar("T")

LIKENESS = 0.8
"""Similarity (0-1) from which an unknown environment variable is taken for a misspelt setting."""


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
    for setting in settings_of(names):
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
    """Yield a warning for each environment variable that is probably a misspelled setting."""
    own = {setting.dest.upper() for setting in OWN}
    given = {
        variable: name
        for variable in sorted(environment)
        if (name := variable.removeprefix(ENVIRONMENT_PREFIX)) not in (variable, *own)
    }
    if not given:
        return
    from pipeline.settings import SETTINGS  # looks up the engines

    known = {setting.dest.upper() for setting in SETTINGS}
    for variable, name in given.items():
        if name not in known and (meant := closest_match(name, known, LIKENESS)):
            yield f"{variable} sets nothing; did you mean {ENVIRONMENT_PREFIX}{meant}?"


def checked(read: Callable[[str], T]) -> Callable[[str], T]:
    """Convert a parser to an argparse type that keeps the text of its errors."""

    def checked_read(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked_read


def add_since(parser: argparse._ActionsContainer, rows: str) -> None:
    """Add the option `--since`.

    Args:
        rows: what is selected by its time, such as "messages received".
    """
    parser.add_argument(
        "--since",
        type=parse_moment,
        metavar="WHEN",
        help=f"only {rows} since then: ISO 8601, or 2h, 3d, …",
    )


def add_period(parser: argparse.ArgumentParser, rows: str) -> None:
    """Add the options `--since` and `--until`; see `add_since`."""
    add_since(parser, rows)
    parser.add_argument(
        "--until", type=parse_moment, metavar="WHEN", help=f"only {rows} before then"
    )


def parse_moment(text: str) -> datetime:
    """Parse a point in time for argparse; see `pipeline.settings.timestamps`."""
    return checked(parse_since)(text)


def parse_age(text: str) -> timedelta:
    """Parse a time span for argparse; see `pipeline.settings.timestamps`."""
    return checked(timestamps.parse_age)(text)


def describe(setting: Setting) -> str:
    """Return the help text of a setting with its default and environment variable."""
    default = "" if setting.default is None else f"default {format_value(setting.default)}"
    unit = f" {setting.unit}" if default and setting.unit else ""
    notes = "; ".join(filter(None, (default + unit, setting.variables[0])))
    return f"{setting.help} [{notes}]".replace("%", "%%")


def format_value(value: Any) -> str:
    """Format a value as a user would type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def mask_value(setting: Setting, value: Any) -> str:
    """Format a value for a log, with secrets masked."""
    if setting.secret and value:
        return redact(re.sub(r"(//[^:/@]*):.*@", r"\1:***@", str(value), flags=re.S))
    return "x".join(map(str, value)) if isinstance(value, tuple) else format_value(value)


def argument_type(setting: Setting) -> Callable[[str], Any]:
    """Return an argparse type that parses as `Setting.read`."""
    return checked(setting.read)


def _metavar(setting: Setting) -> str:
    if setting.choices:
        return "{" + ",".join(setting.choices) + "}"
    if setting.type is frame_size:
        return "{" + ",".join(FRAME_SIZES) + "}"
    counted = setting.type in (port_number, positive_int, whole_number)
    names = {"seconds": "SECONDS", "US dollars": "USD"}
    return names.get(setting.unit, "N" if counted else "…")
