"""What a place for artifacts must be able to do, and how it says that it cannot."""

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
"""Bytes read at a time."""


class StoreUnreachable(TransientError):
    """The place did not answer, or not well; it may the next time."""


class StoreUnusable(PermanentError):
    """The place refuses, and will until somebody changes something."""


class ArtifactConflict(TransientError):
    """Other content lies under this name already; whoever tries again finds it and can reuse it."""


class ArtifactCorrupt(TransientError):
    """What lies under this name, if anything, is not what was recorded; it has to be made anew."""


@dataclass(frozen=True)
class Stored:
    """What lies under a name.

    Attributes:
        size: bytes.
        sha256: hex digest; empty when something else than this store wrote the object.
        generation: changes with the content; never 0.
    """

    size: int
    sha256: str
    generation: int = 1


@dataclass(frozen=True)
class Content:
    """Bytes to be stored, and what identifies them."""

    source: Path | bytes
    size: int
    sha256: str

    @classmethod
    def of(cls, source: Path | bytes) -> Content:
        """Measures a source.

        Raises:
            OSError: the file cannot be read.
        """
        size = 0
        digest = hashlib.sha256()
        with opened(source) as file:
            while chunk := file.read(CHUNK):
                size += len(chunk)
                digest.update(chunk)
        return cls(source, size, digest.hexdigest())


@dataclass(frozen=True)
class Write:
    """Content to be stored whole or not at all, if what lies there is still generation `over`.

    Attributes:
        key: where.
        content: what.
        content_type: its media type.
        over: 0 when nothing must lie there.
    """

    key: str
    content: Content
    content_type: str
    over: int = 0


@contextmanager
def opened(source: Path | bytes) -> Iterator[BinaryIO]:
    """A source as a file, from the start."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    else:
        with source.open("rb") as file:
            yield file


class Backend(Protocol):
    """A place for artifacts; a key is ``REQUEST_ID/NAME``.

    Every method raises `Unreachable` or `Unusable` when the place fails it.
    """

    def uri(self, key: str) -> str:
        """The address of a key, the same for ever."""
        ...

    def write(self, writes: Sequence[Write]) -> list[bool]:
        """Stores files, of which the first appear first; all are safe when it returns.

        Returns:
            For each whether it was stored; false when something else lies there.
        """
        ...

    def stat(self, key: str) -> Stored | None:
        """What lies there."""
        ...

    def read(self, key: str, into: BinaryIO) -> bool:
        """Copies what lies there; false when nothing does."""
        ...

    def delete(self, key: str) -> bool:
        """Removes what lies there; false when nothing did."""
        ...

    def keys(self, request_id: str) -> tuple[str, ...]:
        """The keys of a request, in order."""
        ...

    def sweep(self, older_than: timedelta) -> int:
        """Removes what interrupted writers left; returns how many files."""
        ...
