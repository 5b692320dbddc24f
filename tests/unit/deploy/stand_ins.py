"""StandIns replaces the programs that a script calls by ones that record their arguments."""

from __future__ import annotations

import os
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]

_SCRIPT = r"""#!/bin/bash
{ printf '%s' "${0##*/}"; printf '\x1f%s' "$@"; printf '\n'; } >> "$CALLS"
. "$ANSWERS"
"""


@dataclass(frozen=True)
class StandIns:
    """A folder of stand-ins.

    Attributes:
        folder: the first folder of PATH.
        path: the other folders of PATH; none of them contains a replaced program.
    """

    folder: Path
    path: str = "/usr/bin:/bin"

    def add(self, *names: str) -> None:
        """Add stand-ins of these names, which do nothing and succeed."""
        for name in names:
            program = self.folder / name
            program.write_text(_SCRIPT)
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.answer("")

    def answer(self, script: str) -> None:
        """Set the bash script that the stand-ins run, with their arguments."""
        (self.folder / "answers").write_text(script)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the root of the repository, with only this environment."""
        return subprocess.run(
            command,
            cwd=ROOT,
            env={
                "PATH": f"{self.folder}:{self.path}",
                "HOME": str(self.folder),
                "CALLS": str(self.folder / "calls"),
                "ANSWERS": str(self.folder / "answers"),
                "LANG": os.environ.get("LANG", "C.UTF-8"),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=120,
        )

    def calls(self) -> list[list[str]]:
        """Return the calls since the last use of this method, in order."""
        log = self.folder / "calls"
        if not log.exists():
            return []
        lines = log.read_text().splitlines()
        log.unlink()
        return [line.split("\x1f") for line in lines]

    def dry_run(self, script: str, verb: str, *options: str) -> tuple[list[Any], list[Any]]:
        """Return the calls made by a dry run's pasted output, and those of the run itself."""
        printed = self.run(script, verb, "--dry-run", *options)
        assert (printed.returncode, printed.stderr) == (0, ""), printed.stderr
        called = self.calls()
        assert called == [], f"a dry run called {called}"
        pasted = self.run("bash", "-euc", printed.stdout)
        assert pasted.returncode == 0, pasted.stderr
        from_paste = self.calls()
        self.run(script, verb, *options)
        return from_paste, self.calls()
