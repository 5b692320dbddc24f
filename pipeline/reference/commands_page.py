"""Reference page of the commands, made from the actions of their parsers.

The layout of argparse's own help differs between versions of Python.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pipeline.cli.app import EPILOG, parser
from pipeline.settings import BY_NAME

INTRODUCTION = """\
What `vividly COMMAND --help` prints too. Each setting is described in [settings](settings.md), with
its default and its environment variable.
"""


def page() -> str:
    """Return every command with its arguments, as Markdown."""
    top = parser()
    [commands] = [a for a in top._actions if isinstance(a, argparse._SubParsersAction)]
    rows = [(f"[{a.dest}](#vividly-{a.dest})", a.help) for a in commands._choices_actions]
    sections = [INTRODUCTION, _table("command", rows), f"```text\n{EPILOG.strip()}\n```\n"]
    return "\n".join([*sections, *(_section(each) for each in commands.choices.values())])


def _section(command: argparse.ArgumentParser) -> str:
    actions = [a for a in command._actions if a.dest not in ("help", "debug")]
    own = [a for a in actions if _setting(a) not in BY_NAME]
    settings = [f"`--{_setting(a)}`" for a in actions if a not in own]
    parts = [f"## {command.prog}\n", f"{(command.description or '').strip()}\n"]
    if own:
        rows = [(_syntax(action), _help(action)) for action in own]
        parts.append(_table("argument", rows))
    if settings:
        parts.append(f"Settings: {', '.join(settings)}.\n")
    if command.epilog:
        parts.append(f"```text\n{command.epilog.strip()}\n```\n")
    return "\n".join(parts)


def _setting(action: argparse.Action) -> str:
    return action.dest.replace("_", "-")


def _syntax(action: argparse.Action) -> str:
    """Return an argument as it is typed."""
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    if action.choices and not action.metavar:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    if action.nargs in ("*", "+"):
        value = f"{value} …"
    return f"`{' '.join([*action.option_strings[-1:], *([str(value)] if value else [])])}`"


def _help(action: argparse.Action) -> str:
    return (action.help or "") % vars(action)


def _table(heading: str, rows: Sequence[tuple[str, str | None]]) -> str:
    lines = [f"| {name} | {text or ''} |" for name, text in rows]
    return "\n".join([f"| {heading} | |", "|---|---|", *lines, ""])
