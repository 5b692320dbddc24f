"""Rich console of the commands, which reports a closed pipe as an error."""

from __future__ import annotations

from rich.console import Console


class CommandConsole(Console):
    """A console that leaves a closed pipe to `pipeline.cli.app`, which ends the command quietly."""

    def on_broken_pipe(self) -> None:
        """Raise `BrokenPipeError` again; Rich would exit with status 1."""
        raise BrokenPipeError
