"""The reference of commands: what `vividly COMMAND --help` prints."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.cli.app import parser

WIDTH = "100"  # columns


def page() -> str:
    """Every command's help, as Markdown."""
    with _plain():
        top = parser()
        [subparsers] = [a for a in top._actions if isinstance(a, argparse._SubParsersAction)]
        helps = {"vividly": top.format_help()} | {
            f"vividly {name}": command.format_help() for name, command in subparsers.choices.items()
        }
    return "\n".join(f"## {name}\n\n```\n{text.strip()}\n```\n" for name, text in helps.items())


@contextmanager
def _plain() -> Iterator[None]:
    """The same on every machine: of one width, and with no setting of the environment."""
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("VIVIDLY_")]:
        del os.environ[name]
    os.environ["COLUMNS"] = WIDTH
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
