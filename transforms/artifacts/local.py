"""Artifacts in a folder.

A file is written under a temporary name beside its own, synced, and then linked to its name, which
the file system does for one writer only and never half; then the name is synced. Names never start
with a dot, so what an interrupted writer leaves is told from an artifact.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from transforms.artifacts.backend import (
    CHUNK,
    Content,
    Stored,
    StoreUnreachable,
    StoreUnusable,
    Write,
    opened,
)
from transforms.artifacts.disk import Disk

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}\.part")
_NEEDS_SOMEBODY = {
    errno.EACCES,
    errno.EEXIST,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


class LocalFolder:
    """The backend for an absolute folder, which need not exist yet."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        self._disk = Disk()

    def uri(self, key: str) -> str:
        return str(self._root / key)

    def write(self, writes: Sequence[Write]) -> list[bool]:
        with _translated():
            folders = set(_make_folders(self._root))
            with self._disk.writing(self._root) as sync:
                return self._write(writes, folders, sync)

    def _write(
        self, writes: Sequence[Write], folders: set[Path], sync: Callable[[Iterable[Path]], None]
    ) -> list[bool]:
        temporaries: dict[Path, Path] = {}
        stored = []
        try:
            for write in writes:
                path = self._root / write.key
                made = _make_folders(path.parent)
                folders |= {path.parent, *made}
                if write.over or made or not path.exists():
                    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
                    temporaries[path] = temporary
                    _copy(write.content, temporary)
            if temporaries:
                sync(temporaries.values())
            for write in writes:
                path = self._root / write.key
                stored.append(path in temporaries and _name(temporaries[path], path, write.over))
        finally:
            for temporary in temporaries.values():
                temporary.unlink(missing_ok=True)
        sync(folders)  # for a name that was there too: who wrote it may not have come so far yet
        return stored

    def stat(self, key: str) -> Stored | None:
        with _translated():
            try:
                found = Content.of(self._root / key)
            except FileNotFoundError:
                return None
        return Stored(found.size, found.sha256)

    def read(self, key: str, into: BinaryIO) -> bool:
        with _translated():
            try:
                with (self._root / key).open("rb") as file:
                    shutil.copyfileobj(file, into, CHUNK)
            except FileNotFoundError:
                return False
        return True

    def delete(self, key: str) -> bool:
        path = self._root / key
        with _translated():
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            with self._disk.writing(path.parent) as sync:
                sync([path.parent])
            with suppress(OSError):  # until one is not empty
                for folder in path.parents[: len(Path(key).parts) - 1]:
                    folder.rmdir()
        return True

    def keys(self, request_id: str) -> tuple[str, ...]:
        with _translated():
            files = _files(self._root / request_id)
            return tuple(
                sorted(
                    path.relative_to(self._root).as_posix()
                    for path in files
                    if not path.name.startswith(".")
                )
            )

    def sweep(self, older_than: timedelta) -> int:
        swept = 0
        oldest = time.time() - older_than.total_seconds()
        with _translated():
            for path in _files(self._root):
                if not _TEMPORARY.fullmatch(path.name):
                    continue
                with suppress(FileNotFoundError):  # its writer has just finished
                    if path.stat().st_mtime < oldest:
                        path.unlink()
                        swept += 1
        return swept


def _make_folders(folder: Path) -> list[Path]:
    """Makes a folder and those above it; returns those in which one was made."""
    if folder.is_dir():
        return []
    made = _make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    return [*made, folder.parent]


def _copy(content: Content, to: Path) -> None:
    """Writes a new file; bytes with as few calls as possible, each of which may cost a thread its
    turn to run Python."""
    if isinstance(content.source, Path):
        with opened(content.source) as source, to.open("xb") as file:
            shutil.copyfileobj(source, file, CHUNK)
        return
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        left = memoryview(content.source)
        while left:
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)


def _name(temporary: Path, path: Path, over: int) -> bool:
    """Gives a whole file its name; false when another has it."""
    try:
        if over:
            temporary.replace(path)
        else:
            os.link(temporary, path)
    except FileExistsError:
        return False
    return True


def _files(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for parent, _, names in os.walk(folder, onerror=fail):
        for name in names:
            yield Path(parent, name)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NEEDS_SOMEBODY:
            raise StoreUnusable(str(error)) from error
        raise StoreUnreachable(str(error)) from error
