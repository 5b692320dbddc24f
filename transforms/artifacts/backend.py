"""Interface of storage backends, their errors, and the content they store."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from transforms.errors import PermanentError, TransientError

CHUNK = 1 << 20
"""Size of one read, in bytes."""


class StoreUnreachable(TransientError):
    """The backend failed with an error that a retry may fix."""


class StoreUnusable(PermanentError):
    """The backend failed with an error that quick retries cannot fix."""


class StoreForbidden(StoreUnusable):
    """The bucket is missing, or this account has no access to it."""


class ArtifactConflict(TransientError):
    """Other content is already stored under this name; a retry can find and reuse it."""


class ArtifactCorrupt(TransientError):
    """The artifact is missing or its checksum differs; its stage has to run again."""


class SourceGone(TransientError):
    """The file to copy is missing or was replaced; callers continue without it."""

    is_final = True


@dataclass(frozen=True)
class Stored:
    """Size, checksum and generation of a stored file.

    Attributes:
        size: bytes.
        sha256: hex digest; empty if another program wrote the object.
        generation: number that changes with the content; never 0.
    """

    size: int
    sha256: str
    generation: int = 1


@dataclass(frozen=True)
class StoredFile:
    """A file of the same backend, to be copied without a download.

    Attributes:
        key: its key.
        found: what was found there; other content is not copied.
    """

    key: str
    found: Stored


Source = Path | bytes | StoredFile


@dataclass(frozen=True)
class Content:
    """Bytes to store, with their size and SHA-256 digest."""

    source: Source
    size: int
    sha256: str

    @classmethod
    def of(cls, source: Source) -> Content:
        """Compute size and digest of a source; those of a stored file are known.

        Raises:
            OSError: the file cannot be read.
        """
        if isinstance(source, StoredFile):
            return cls(source, source.found.size, source.found.sha256)
        size = 0
        digest = hashlib.sha256()
        with opened(source) as file:
            while chunk := file.read(CHUNK):
                size += len(chunk)
                digest.update(chunk)
        return cls(source, size, digest.hexdigest())


@dataclass(frozen=True)
class Write:
    """A conditional write: store the content if the key still holds generation `over`.

    Attributes:
        key: ``REQUEST_ID/NAME``.
        content: bytes to store.
        content_type: media type.
        over: generation to replace; 0 if the key must not exist.
    """

    key: str
    content: Content
    content_type: str
    over: int = 0


@contextmanager
def opened(source: Path | bytes) -> Iterator[BinaryIO]:
    """Open a source as a binary file."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    else:
        with source.open("rb") as file:
            yield file


class Backend(Protocol):
    """A place that stores files by key, ``REQUEST_ID/NAME`` or ``parts/REQUEST_ID/NAME``.

    Every method raises `StoreUnreachable`, `StoreUnusable` or `StoreForbidden` if the place fails.
    """

    def uri(self, key: str) -> str:
        """Return the permanent address of a key."""
        ...

    def link(self, key: str, lifetime: timedelta) -> str | None:
        """Return a signed URL of a key that expires; None if the backend has none."""
        ...

    def write(self, writes: Sequence[Write]) -> list[bool]:
        """Store files in order; all are durable when it returns.

        Returns:
            For each file whether it was stored; false if its condition, or that of a file before
            it, did not hold.

        Raises:
            SourceGone: A file to copy is missing or was replaced.
        """
        ...

    def stat(self, key: str) -> Stored | None:
        """Return size, checksum and generation of the file under a key; None without one."""
        ...

    def read(self, key: str, into: BinaryIO) -> bool:
        """Copy the file under a key into an open file; return false if there is none."""
        ...

    def delete(self, key: str) -> bool:
        """Delete a key; return false if there was none."""
        ...

    def keys(self, folder: str, older_than: timedelta = timedelta()) -> tuple[str, ...]:
        """Return the sorted keys in a folder, such as a request's, of files of a minimum age."""
        ...

    def erase(self, folder: str) -> int:
        """Delete everything under a folder, temporary files too; return their number."""
        ...

    def sweep(self, older_than: timedelta) -> int:
        """Delete temporary files of interrupted writers; return their number."""
        ...
