"""Makes a virtual environment that holds only a package and its requirements.

The requirements are linked from this environment, where the same releases are installed, because
installing a gigabyte would take minutes. Nothing else of this environment can be imported: neither
the checkout nor the development tools.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGE = "vividly-pipeline"


def make(folder: Path, archive: Path, extra: str = "") -> Path:
    """Make the environment.

    Args:
        folder: Folder of the environment; it must not exist.
        archive: Package as an sdist or wheel.
        extra: Extra of the package whose requirements are included.

    Returns:
        The environment's folder of programs.
    """
    python = folder / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        commands: list[list[str | Path]] = [
            [uv, "venv", "--quiet", "--python", sys.executable, folder],
            [uv, "pip", "install", "--quiet", "--python", python, "--no-deps", archive],
        ]
    else:
        commands = [
            [sys.executable, "-m", "venv", folder],
            [python, "-m", "pip", "install", "--quiet", "--no-deps", archive],
        ]
    for command in commands:
        subprocess.run(command, check=True, timeout=200, cwd=folder.parent)
    site = next(folder.glob("lib/*/site-packages"))
    [info] = site.glob("vividly_pipeline-*.dist-info")
    needed = metadata.PathDistribution(info).requires or []
    _link(_closure(map(Requirement, needed), extra), site)
    return python.parent


def _closure(requirements: Iterable[Requirement], extra: str) -> set[str]:
    """Return the names of all direct and indirect requirements."""
    found: set[tuple[str, str]] = set()
    pending = [(requirement, extra) for requirement in requirements]
    while pending:
        requirement, wanted = pending.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": wanted}):
            continue
        name = canonicalize_name(requirement.name)
        for each in {"", *requirement.extras}:
            if (name, each) not in found:
                found.add((name, each))
                lines = metadata.requires(name) or []
                pending += [(Requirement(line), each) for line in lines]
    return {name for name, _ in found}


def _link(names: set[str], site: Path) -> None:
    source = Path(sysconfig.get_path("purelib"))
    owners: dict[PurePosixPath, set[str]] = defaultdict(set)
    for installed in metadata.distributions(path=[str(source)]):
        name = canonicalize_name(installed.metadata["Name"])
        for file in installed.files or []:
            if ".." not in file.parts:
                for folder in (file, *file.parents):
                    owners[PurePosixPath(folder)].add(name)
    pending = [path for path in owners if len(path.parts) == 1]
    while pending:
        path = pending.pop()
        if not owners[path] & names or (site / path).exists():
            continue
        if owners[path] <= names:
            os.symlink(source / path, site / path)
        else:  # a namespace package shared with other distributions
            (site / path).mkdir()
            pending += [each for each in owners if each.parent == path]
