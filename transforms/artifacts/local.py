"""Storage backend that keeps artifacts in a local folder.

A file is written under a temporary name in its folder, synced, and then linked to its final name.
Linking is atomic and succeeds for one writer only. Then the folder is synced. Temporary names begin
with a dot and artifact names never do.
"""

from __future__ import annotations

import errno
import fcntl
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
    SourceGone,
    Stored,
    StoredFile,
    StoreForbidden,
    StoreUnreachable,
    StoreUnusable,
    Write,
    opened,
)
from transforms.artifacts.disk import Disk
from transforms.process.named_errors import naming

_FICLONE = 0x40049409
"""Request of ioctl that shares the blocks of a file until one of the two is written (reflink)."""

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}\.part")
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_PERMANENT = {
    errno.EEXIST,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
}


class LocalFolder:
    """Storage backend for an absolute folder, which is created when needed."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        self._disk = Disk()

    def uri(self, key: str) -> str:
        return str(self._root / key)

    def link(self, key: str, lifetime: timedelta) -> None:
        return None

    def write(self, writes: Sequence[Write]) -> list[bool]:
        with _translated():
            folders = set(_make_folders(self._root))
            with self._disk.writing(self._root) as sync:
                return self._write(writes, folders, sync)

    def _write(
        self, writes: Sequence[Write], folders: set[Path], sync: Callable[[Iterable[Path]], None]
    ) -> list[bool]:
        temporaries: dict[Path, Path] = {}
        stored: list[bool] = []
        try:
            for write in writes:
                path = self._root / write.key
                made = _make_folders(path.parent)
                folders |= {path.parent, *made}
                if write.over or made or not path.exists():
                    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
                    temporaries[path] = temporary
                    with naming(path):
                        self._copy(write.content, temporary)
            if temporaries:
                sync(temporaries.values())
            for write in writes:
                path = self._root / write.key
                stored.append(
                    all(stored)
                    and path in temporaries
                    and _name(temporaries[path], path, write.over)
                )
        finally:
            for temporary in temporaries.values():
                temporary.unlink(missing_ok=True)
        sync(folders)  # existing names too: their writer may not have synced yet
        return stored

    def _copy(self, content: Content, to: Path) -> None:
        if not isinstance(content.source, StoredFile):
            _copy(content.source, to)
            return
        path = self._root / content.source.key
        try:
            original = path.open("rb")
        except FileNotFoundError as error:
            raise SourceGone(f"{path} is gone") from error
        with original, to.open("xb") as file:
            if _generation(original.fileno()) != content.source.found.generation:
                raise SourceGone(f"{path} was replaced")
            _clone(original, file)

    def stat(self, key: str) -> Stored | None:
        path = self._root / key
        with _translated():
            try:
                generation = _generation(
                    path
                )  # before the content, which may be replaced meanwhile
                found = Content.of(path)
            except FileNotFoundError:
                return None
        return Stored(found.size, found.sha256, generation)

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
            with suppress(OSError):  # stops at the first folder that is not empty
                for folder in path.parents[: len(Path(key).parts) - 1]:
                    folder.rmdir()
        return True

    def keys(self, folder: str, older_than: timedelta = timedelta()) -> tuple[str, ...]:
        with _translated():
            files = _files(self._root / folder)
            return tuple(
                sorted(
                    path.relative_to(self._root).as_posix()
                    for path in files
                    if not path.name.startswith(".") and _is_older(path, older_than)
                )
            )

    def erase(self, folder: str) -> int:
        with _translated():
            paths = list(_files(self._root / folder))
        return sum(self.delete(path.relative_to(self._root).as_posix()) for path in paths)

    def sweep(self, older_than: timedelta) -> int:
        swept = 0
        with _translated():
            for path in _files(self._root):
                if _TEMPORARY.fullmatch(path.name) and _is_older(path, older_than):
                    with suppress(FileNotFoundError):  # its writer has just removed it
                        path.unlink()
                        swept += 1
        return swept


def _make_folders(folder: Path) -> list[Path]:
    """Create a folder and its parents; return the changed folders, which must be synced."""
    if folder.is_dir():
        return []
    made = _make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    return [*made, folder.parent]


def _clone(original: BinaryIO, file: BinaryIO) -> None:
    """Copy a file; the copy shares its blocks, where the file system can do that."""
    try:
        fcntl.ioctl(file.fileno(), _FICLONE, original.fileno())
    except OSError:
        shutil.copyfileobj(original, file, CHUNK)


def _copy(content: Path | bytes, to: Path) -> None:
    """Copy the content into a new file, in few calls: each one releases the interpreter lock."""
    if isinstance(content, Path):
        with opened(content) as source, to.open("xb") as file:
            shutil.copyfileobj(source, file, CHUNK)
        return
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)


def _name(temporary: Path, path: Path, over: int) -> bool:
    """Move a temporary file to its final name; return false if the name is taken.

    Another writer may still replace the file between the comparison and the move.
    """
    try:
        if over:
            with suppress(FileNotFoundError):
                if _generation(path) != over:
                    return False
            temporary.replace(path)
        else:
            os.link(temporary, path)
    except FileExistsError:
        return False
    return True


def _generation(path: Path | int) -> int:
    """Return a number that differs for each file that is moved to a name."""
    found = os.stat(path)
    return found.st_mtime_ns ^ (found.st_ino << 64)


def _is_older(path: Path, age: timedelta) -> bool:
    """Return whether a file is older than an age; false if it has just been removed."""
    if not age:
        return True
    with suppress(FileNotFoundError):
        return path.stat().st_mtime < time.time() - age.total_seconds()
    return False


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
        if error.errno in _FORBIDDEN:
            raise StoreForbidden(str(error)) from error
        if error.errno in _PERMANENT:
            raise StoreUnusable(str(error)) from error
        raise StoreUnreachable(str(error)) from error
