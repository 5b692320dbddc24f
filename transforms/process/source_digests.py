"""Digests of the source code of a module, of all that it imports, and of their data files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

_ROOT = Path(__file__).parents[2]
"""Folder that holds the package `transforms`."""
_IMPORT = re.compile(
    r"^[ \t]*(?:from (transforms[\w.]*) import (\([^)]*\)|[^\n]*)|import (transforms[\w.]*))", re.M
)
_NAME = re.compile(r"\w+")


@cache
def source_digests(*modules: str) -> Mapping[str, str]:
    """Return the SHA-256 digests of all source and data files that modules depend on.

    Imports are found in the text, so that those inside functions count too. All data files in the
    folders of the modules found count as theirs.

    Args:
        modules: names, such as ``transforms.video.slides.composer``.
    """
    sources: set[Path] = set()
    waiting = [path for name in modules for path in _files(name)]
    while waiting:
        path = waiting.pop()
        if path not in sources:
            sources.add(path)
            waiting += _imported(path.read_text("utf-8"))
    folders = {path.parent for path in sources} - {_ROOT / "transforms"}
    data = {file for folder in folders for file in _data_files(folder)}
    return {
        path.relative_to(_ROOT).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(sources | data)
    }


def _imported(text: str) -> Iterator[Path]:
    for found in _IMPORT.finditer(text):
        module = found[1] or found[3]
        yield from _files(module)
        for name in _NAME.findall(found[2] or ""):
            yield from _files(f"{module}.{name}")


def _files(module: str) -> Iterator[Path]:
    """Yield the source file of a module and those of its parent packages."""
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        at = _ROOT.joinpath(*parts[:end])
        yield from (file for file in (at / "__init__.py", at.with_suffix(".py")) if file.is_file())


def _data_files(folder: Path) -> Iterator[Path]:
    """Yield the data files in a package's folder and its subfolders."""
    for path in folder.iterdir():
        if path.is_file() and path.suffix not in (".py", ".pyc", ".md"):
            yield path
        elif path.is_dir() and path.name != "__pycache__" and not (path / "__init__.py").exists():
            yield from _data_files(path)
