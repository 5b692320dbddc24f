"""The commands in docs/deploy.md are those that the scripts print: `make docs` pastes them in.

A command stands in a comment; it and what it prints follow as a block of code. A test fails when
that is stale.
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
"""As the page says at its top."""

_BLOCK = re.compile(r"<!-- dry run: (.*?) -->\n.*?<!-- end of dry run -->", re.DOTALL)


def commands(text: str) -> list[str]:
    """The commands of a page, in order."""
    return [block[1] for block in _BLOCK.finditer(text)]


def printed(command: str) -> str:
    """What a command prints, wherever and by whomever it is run.

    Raises:
        subprocess.CalledProcessError: it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        vividly = Path(folder, "vividly")  # so that it is called by this name alone
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
    """A page with what its commands print made anew."""

    def block(found: re.Match[str]) -> str:
        command = found[1]
        code = f"```console\n$ {command}\n{printed(command)}```"
        return f"<!-- dry run: {command} -->\n{code}\n<!-- end of dry run -->"

    return _BLOCK.sub(block, text)


def main() -> None:
    """Bring docs/deploy.md up to date."""
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
