"""ArtifactStore: what every stage leaves its files in."""

from __future__ import annotations

import dataclasses
import io
import os
import re
import secrets
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from transforms.artifacts.backend import (
    ArtifactConflict,
    ArtifactCorrupt,
    Backend,
    Content,
    Stored,
    StoreUnreachable,
    StoreUnusable,
    Write,
)
from transforms.artifacts.cloud import SCHEME, CloudFolder
from transforms.artifacts.local import LocalFolder
from transforms.errors import DependencyDown, StageTimeout
from transforms.model import Artifact
from transforms.process import retry
from transforms.process.backoff import Backoff

T = TypeVar("T")

_NAME = re.compile(r"[a-z][a-z0-9_.-]*(/[a-z][a-z0-9_.-]*)?")
_LONGEST_NAME = 200
"""Characters; leaves room for the temporary form in the 255 bytes that file systems allow."""

_PATIENCE = retry.RetryPolicy(timeout=5.0, tries=1_000, backoff=Backoff(0.1, longest=1.0))
_WRITERS = 10
"""Times that somebody else may come between looking at a name and writing to it."""


class File(NamedTuple):
    """A file to be stored.

    Attributes:
        name: its name.
        source: its content.
        content_type: its media type.
    """

    name: str
    source: Path | bytes
    content_type: str


@dataclass(frozen=True)
class ArtifactStore:
    """Files by request and name, each written once and never seen half.

    It holds only its root, so it can be pickled; clients are made per process, when first used.

    A request id is a canonical UUID. A name is ``[a-z][a-z0-9_.-]*``, with at most one folder of
    that form before it; a name is not also used as a folder. Anything else is a `ValueError`.

    Every method raises `DependencyDown` when the store cannot be reached, is full or refuses
    access; where that may pass, after some seconds of trying.

    Args:
        root: ``gs://BUCKET``, ``gs://BUCKET/PREFIX`` or a folder, made absolute.

    Raises:
        ValueError: the root is neither.
    """

    root: str

    def __post_init__(self) -> None:
        root = self.root
        if root.startswith(SCHEME):
            root = SCHEME + root.removeprefix(SCHEME).rstrip("/")
        elif not root or "://" in root or "\0" in root:
            raise ValueError(
                f"the root of the artifacts must be gs://BUCKET[/PREFIX] or a folder, not {root!r}"
            )
        else:
            root = os.path.abspath(root)
        object.__setattr__(self, "root", root)
        _backend(root)

    def put(
        self,
        request_id: str,
        name: str,
        source: Path | bytes,
        content_type: str,
        *,
        replace: bool = False,
    ) -> Artifact:
        """Stores one file: `put_all` of it alone."""
        file = File(name, source, content_type)
        return self.put_all(request_id, [file], replace=replace)[0]

    def put_all(
        self, request_id: str, files: Sequence[File], *, replace: bool = False
    ) -> tuple[Artifact, ...]:
        """Stores files of one request, of which the first appear first.

        Storing the same content again is a success, and so is a write whose answer was lost.

        Args:
            request_id: whose files they are.
            files: no two of one name.
            replace: replace other content instead of refusing; readers see the old or the new.

        Returns:
            What is stored, in the order of the files.

        Raises:
            ArtifactConflict: other content is stored under one of the names; the rest may be
                stored.
            OSError: a source cannot be read.
        """
        pending: dict[Artifact, Write] = {}
        for file in files:
            key = _key(request_id, file.name)
            content = Content.of(file.source)
            uri = self._backend.uri(key)
            artifact = Artifact(file.name, uri, content.size, content.sha256, file.content_type)
            pending[artifact] = Write(key, content, file.content_type)
        artifacts = tuple(pending)
        for _ in range(_WRITERS):
            written = _insist(partial(self._backend.write, list(pending.values())))
            left = [artifact for artifact, ours in zip(pending, written, strict=True) if not ours]
            pending = {
                artifact: dataclasses.replace(pending[artifact], over=over)
                for artifact in left
                if (over := self._in_the_way(artifact, pending[artifact].key, replace)) is not None
            }
            if not pending:
                return artifacts
        raise DependencyDown("artifacts", f"{left[0].uri} keeps changing under several writers")

    def _in_the_way(self, artifact: Artifact, key: str, replace: bool) -> int | None:
        """The generation to be replaced, 0 if nothing is there any more; None if it is the same."""
        stored = self._stat(key)
        if stored is None:
            return 0
        if _is(stored, artifact):
            return None
        if not replace:
            raise ArtifactConflict(
                f"{artifact.uri} exists with other content: sha256 {stored.sha256 or 'unknown'}"
                f" where {artifact.sha256} was to be stored"
            )
        return stored.generation

    def fetch(self, artifact: Artifact, to: Path) -> Path:
        """Copies an artifact to a file and checks it; the file appears whole or not at all.

        Returns:
            `to`.

        Raises:
            ArtifactCorrupt: it is missing, differs from its record or is not of this store.
        """
        key = self._key_of(artifact)
        if key is None:
            raise ArtifactCorrupt(f"{artifact.uri} is not an artifact under {self.root}")
        copy = to.with_name(f".{to.name}.{secrets.token_hex(8)}.part")
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            if not _insist(lambda: self._download(key, copy)):
                raise ArtifactCorrupt(f"{artifact.uri} is missing")
            found = Content.of(copy)
            if (found.size, found.sha256) != (artifact.size, artifact.sha256):
                raise ArtifactCorrupt(
                    f"{artifact.uri} has {found.size} bytes with sha256 {found.sha256}; recorded "
                    f"are {artifact.size} bytes with {artifact.sha256}"
                )
            copy.replace(to)
        except OSError as error:
            raise DependencyDown("artifacts", f"cannot write {to}: {error}") from error
        finally:
            with suppress(OSError):
                copy.unlink()
        return to

    def read(self, request_id: str, name: str) -> bytes | None:
        """The content under a name, unchecked; None when there is none."""
        key = _key(request_id, name)

        def download() -> bytes | None:
            into = io.BytesIO()
            return into.getvalue() if self._backend.read(key, into) else None

        return _insist(download)

    def stat(self, request_id: str, name: str) -> Stored | None:
        """What lies under a name; None when nothing does."""
        return self._stat(_key(request_id, name))

    def verify(self, artifact: Artifact) -> bool:
        """Whether the store holds exactly this: one small call, or on disk a hash of the file."""
        key = self._key_of(artifact)
        if key is None:
            return False
        stored = self._stat(key)
        return stored is not None and _is(stored, artifact)

    def delete(self, request_id: str, name: str) -> bool:
        """Removes a file; false when there was none."""
        key = _key(request_id, name)
        return _insist(lambda: self._backend.delete(key))

    def list(self, request_id: str) -> tuple[str, ...]:
        """The names of a request's files, in order."""
        _check_request_id(request_id)
        keys = _insist(lambda: self._backend.keys(request_id))
        names = (key.removeprefix(f"{request_id}/") for key in keys)
        return tuple(name for name in names if _is_name(name))

    def sweep(self, older_than: timedelta) -> int:
        """Removes what writers left that were interrupted.

        Args:
            older_than: age from which nobody can be writing any more.

        Returns:
            How many files were removed.
        """
        return _insist(lambda: self._backend.sweep(older_than))

    @property
    def _backend(self) -> Backend:
        return _backend(self.root)

    def _stat(self, key: str) -> Stored | None:
        return _insist(lambda: self._backend.stat(key))

    def _download(self, key: str, to: Path) -> bool:
        with to.open("wb") as file:
            return self._backend.read(key, file)

    def _key_of(self, artifact: Artifact) -> str | None:
        """The key of an artifact, if its address is one of this store's."""
        base = self._backend.uri("")
        request_id, _, name = artifact.uri.removeprefix(base).lstrip("/").partition("/")
        try:
            key = _key(request_id, name)
        except ValueError:
            return None
        return key if self._backend.uri(key) == artifact.uri else None


@cache
def _backend(root: str) -> Backend:
    return CloudFolder(root) if root.startswith(SCHEME) else LocalFolder(root)


def _is(stored: Stored, artifact: Artifact) -> bool:
    return (stored.size, stored.sha256) == (artifact.size, artifact.sha256)


def _key(request_id: str, name: str) -> str:
    _check_request_id(request_id)
    if not _is_name(name):
        raise ValueError(
            f"{name!r} is no artifact name: lower-case letters, digits and _.- after a letter, "
            f"in at most one folder, {_LONGEST_NAME} characters at most"
        )
    return f"{request_id}/{name}"


def _is_name(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


def _check_request_id(request_id: str) -> None:
    try:
        canonical = str(uuid.UUID(request_id))
    except ValueError:
        canonical = ""
    if canonical != request_id or not canonical:
        raise ValueError(f"{request_id!r} is no canonical UUID")


def _insist(work: Callable[[], T]) -> T:
    """Calls the backend until it succeeds, for some seconds.

    Raises:
        DependencyDown: it did not.
    """
    try:
        return retry.retry_until_deadline(lambda _: work(), _PATIENCE, [])
    except (StoreUnreachable, StoreUnusable, StageTimeout) as error:
        raise DependencyDown("artifacts", str(error)) from error
