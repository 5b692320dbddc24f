"""Update the dry runs in docs/deploy.md: commands of the scripts with their output (`make docs`).

A comment in the page names a command; a block of code with the command and its output follows. A
test fails when a block is out of date.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "deploy.md"

ENVIRONMENT = {
    "VIVIDLY_PROJECT": "my-project",
    "VIVIDLY_REGION": "us-central1",
    "VIVIDLY_BUCKET": "my-project-vividly",
    "VIVIDLY_TAG": "v1",
}
"""Environment of the commands, as at the top of the page."""

_BLOCK = re.compile(r"<!-- dry run: (.*?) -->\n.*?<!-- end of dry run -->", re.DOTALL)


def commands(text: str) -> list[str]:
    """Return the commands of a page, in order."""
    return [block[1] for block in _BLOCK.finditer(text)]


def printed(command: str) -> str:
    """Run a command and return its output, which is the same on every machine.

    Raises:
        subprocess.CalledProcessError: the command failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        vividly = Path(folder, "vividly")  # on the path, so that it is printed by this name alone
        vividly.touch(mode=0o755)
        path = {"PATH": f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin"}
        return subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env=ENVIRONMENT | path,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout


def updated(text: str) -> str:
    """Return a page with the current output of its commands."""

    def block(found: re.Match[str]) -> str:
        command = found[1]
        code = f"```console\n$ {command}\n{printed(command)}```"
        return f"<!-- dry run: {command} -->\n{code}\n<!-- end of dry run -->"

    return _BLOCK.sub(block, text)


def main() -> None:
    """Update docs/deploy.md."""
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
