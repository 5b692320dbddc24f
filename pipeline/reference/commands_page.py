"""Reference page of the commands: the output of `vividly COMMAND --help`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.cli.app import parser

WIDTH = "100"  # columns


def page() -> str:
    """Return every command's help, as Markdown."""
    with _fixed_environment():
        top = parser()
        [subparsers] = [a for a in top._actions if isinstance(a, argparse._SubParsersAction)]
        helps = {"vividly": top.format_help()} | {
            f"vividly {name}": command.format_help() for name, command in subparsers.choices.items()
        }
    return "\n".join(f"## {name}\n\n```\n{text.strip()}\n```\n" for name, text in helps.items())


@contextmanager
def _fixed_environment() -> Iterator[None]:
    """Set one terminal width and no settings, so that help texts are the same everywhere."""
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("VIVIDLY_")]:
        del os.environ[name]
    os.environ["COLUMNS"] = WIDTH
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
