"""Readers of deploy/terraform: an HCL parser, and Terraform itself without providers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import hcl2
import pytest

FOLDER = Path(__file__).parents[3] / "deploy" / "terraform"

needs_terraform = pytest.mark.skipif(
    shutil.which("terraform") is None, reason="terraform is not on the path"
)


def _plain(value: Any) -> Any:
    """Return a parsed value without quotes around strings and without the parser's own keys."""
    if isinstance(value, dict):
        return {_plain(k): _plain(v) for k, v in value.items() if not k.startswith("__")}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


@cache
def _parsed() -> list[dict[str, Any]]:
    """Parse every file, once: the parser takes seconds."""
    return [_plain(hcl2.loads(file.read_text())) for file in sorted(FOLDER.glob("*.tf"))]


@cache
def blocks(kind: str) -> dict[str, Any]:
    """Return blocks of all files by label: `type.name`, or `name` for those with one label."""
    found: dict[str, Any] = {}
    for file in _parsed():
        for block in file.get(kind, []):
            for label, body in block.items():
                if kind in ("variable", "output", "provider"):
                    found[label] = body
                elif kind in ("locals", "terraform"):
                    found.setdefault(label, body)
                else:
                    found |= {f"{label}.{name}": inner for name, inner in body.items()}
    return found


def resources(kind: str = "") -> dict[str, Any]:
    """Return resources by address, of one type or of all."""
    return {a: body for a, body in blocks("resource").items() if a.startswith(kind)}


def text() -> str:
    """Return the text of all files, without comments."""
    files = (file.read_text() for file in sorted(FOLDER.glob("*.tf")))
    return re.sub(r"(?m)(^|\s)#.*$", "", "\n".join(files))


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Terraform offline, without the user's settings."""
    return subprocess.run(
        ["terraform", f"-chdir={folder}", *arguments],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("TF_")},
            "TF_CLI_CONFIG_FILE": os.devnull,
            "CHECKPOINT_DISABLE": "1",
        },
        capture_output=True,
        text=True,
    )


def evaluated(folder: Path, **variables: Any) -> dict[str, Any]:
    """Apply a folder without resources and return its outputs.

    Raises:
        ValueError: Terraform failed; with its error message.
    """
    (folder / "given.auto.tfvars.json").write_text(json.dumps(variables))
    for step in (("init", "-input=false"), ("apply", "-auto-approve", "-input=false")):
        done = terraform(folder, *step, "-no-color")
        if done.returncode:
            raise ValueError(" ".join(done.stderr.replace("│", " ").split()))
    shown = terraform(folder, "output", "-json").stdout
    return {name: output["value"] for name, output in json.loads(shown or "{}").items()}


META = {"count", "depends_on", "for_each", "lifecycle", "provider"}
"""Arguments of Terraform itself, which every resource has."""


def arguments(body: dict[str, Any], prefix: str = "") -> set[str]:
    """Return the dotted names of a body's arguments; a block only if it is empty."""
    pairs = [(name, value) for name, value in body.items() if prefix or name not in META]
    for dynamic in body.get("dynamic", []):
        pairs += [(name, block["content"]) for name, block in dynamic.items()]
    found: set[str] = set()
    for name, value in pairs:
        inner = value if isinstance(value, list) else []
        inside = [arguments(each, f"{prefix}{name}.") for each in inner if isinstance(each, dict)]
        if name != "dynamic":
            found |= set().union(*inside) or {prefix + name}
    return found
