"""Print a shell script that completes commands, options and values.

The script does not call Python. Generate it again after an upgrade.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from pipeline import settings
from pipeline.settings import FRAME_SIZES, frame_size
from pipeline.settings.parsers import artifact_root, existing_path, folder_path, output_file

HELP = "print a script for your shell's tab completion"
EXAMPLES = """examples:
  vividly completion bash > ~/.local/share/bash-completion/completions/vividly
  vividly completion zsh > ~/.zfunc/_vividly      # a folder that is in $fpath
  vividly completion fish > ~/.config/fish/completions/vividly.fish
"""
SETTINGS: list[str] = []

SHELLS = ("bash", "zsh", "fish")
FOLDERS = (artifact_root, folder_path)
FILES = (existing_path, output_file)
"""Types of the settings that name a folder or a file on this machine."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the argument for the shell."""
    parser.add_argument("shell", choices=SHELLS, help="shell to print the script for")


def run(chosen: argparse.Namespace) -> int:
    """Print the completion script of a shell."""
    print(script(chosen.shell))
    return 0


def script(shell: str) -> str:
    """Return the completion script for one of `SHELLS`."""
    import shtab

    from pipeline.cli.app import parser

    top = parser(environment={})  # the script is for every environment
    types = {setting.dest: setting.type for setting in settings.SETTINGS}
    for action in _actions(top):
        kind, value = types.get(action.dest), str(action.metavar)
        if kind in FOLDERS or value == "DIR":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif kind in FILES or value.startswith("FILE"):
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif kind is frame_size:
            action.choices = tuple(FRAME_SIZES)
    return shtab.complete(top, shell=shell)


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
