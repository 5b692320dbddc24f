"""ArtifactStore: the write-once store for the files of every stage."""

from __future__ import annotations

import dataclasses
import io
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from transforms.artifacts.backend import (
    ArtifactConflict,
    ArtifactCorrupt,
    Backend,
    Content,
    Source,
    Stored,
    StoredFile,
    Write,
)
from transforms.artifacts.cloud import SCHEME, CloudFolder
from transforms.artifacts.keys import check_request_id, folders_of, is_name, key_of
from transforms.artifacts.local import LocalFolder
from transforms.artifacts.retries import with_retries
from transforms.errors import DependencyDown
from transforms.faults import environment_fault
from transforms.model import Artifact

_MAX_OVERTAKEN = 10
"""Maximum number of writes that concurrent writers of one name may overtake."""


class File(NamedTuple):
    """A file to store as an artifact of a request.

    Attributes:
        name: name of the artifact.
        source: content, the path of a file with it, or a stored file to copy.
        content_type: media type.
    """

    name: str
    source: Source
    content_type: str


@dataclass(frozen=True)
class ArtifactStore:
    """Stores files by request and name; each is written once and appears whole or not at all.

    A store holds only its root, so it can be pickled. Clients are created per process on first use.

    A request id is a canonical UUID. A name is ``[a-z][a-z0-9_.-]*``, with at most one folder of
    that form before it; a name is not also used as a folder. Anything else is a `ValueError`.

    Every method raises `DependencyDown` if the backend cannot be reached or is full, and
    `ConfigurationFault` if it is missing or refuses access. Failures that may pass are retried for
    some seconds first.

    Args:
        root: ``gs://BUCKET``, ``gs://BUCKET/PREFIX`` or a folder, which is made absolute.

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
        backend_of(root)

    def put(
        self,
        request_id: str,
        name: str,
        source: Path | bytes,
        content_type: str,
        *,
        replace: bool = False,
    ) -> Artifact:
        """Store one file; see `put_all`."""
        file = File(name, source, content_type)
        return self.put_all(request_id, [file], replace=replace)[0]

    def put_all(
        self,
        request_id: str,
        files: Sequence[File],
        *,
        replace: bool = False,
        confirm: Callable[[], object] | None = None,
    ) -> tuple[Artifact, ...]:
        """Store files of one request; each appears after those before it.

        Storing the same content again succeeds, so a write whose response was lost can be retried.

        Args:
            request_id: the request that owns the files.
            files: files with distinct names.
            replace: replace other content instead of raising; readers see the old or the new.
            confirm: called when the content to replace is known; raises to keep it. What another
                worker stores after the call is not replaced without another call.

        Returns:
            The artifacts, in the order of the files.

        Raises:
            ArtifactConflict: other content is stored under one of the names; the files before it
                may be stored.
            SourceGone: a file to copy is missing or was replaced.
            OSError: a source cannot be read.
        """
        pending = dict(self._writes(request_id, files))
        artifacts = tuple(pending)
        for _ in range(_MAX_OVERTAKEN):
            written = with_retries(partial(self._backend.write, list(pending.values())))
            left = [artifact for artifact, ours in zip(pending, written, strict=True) if not ours]
            pending = {
                artifact: dataclasses.replace(pending[artifact], over=over)
                for artifact in left
                if (over := self._generation_to_replace(artifact, pending[artifact].key, replace))
                is not None
            }
            if not pending:
                return artifacts
            if confirm and any(write.over for write in pending.values()):
                confirm()
        raise DependencyDown("artifacts", f"{left[0].uri} keeps changing under several writers")

    def describe(self, request_id: str, files: Sequence[File]) -> tuple[Artifact, ...]:
        """Return the artifacts that `put_all` would return, without storing them."""
        return tuple(artifact for artifact, _ in self._writes(request_id, files))

    def _writes(self, request_id: str, files: Sequence[File]) -> Iterator[tuple[Artifact, Write]]:
        for file in files:
            key = key_of(request_id, file.name)
            content = Content.of(file.source)
            uri = self._backend.uri(key)
            artifact = Artifact(file.name, uri, content.size, content.sha256, file.content_type)
            yield artifact, Write(key, content, file.content_type)

    def _generation_to_replace(self, artifact: Artifact, key: str, replace: bool) -> int | None:
        """Return the generation to replace, 0 if there is none, or None if the content is equal."""
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
        """Download an artifact and check it; the file appears whole or not at all.

        Returns:
            `to`.

        Raises:
            ArtifactCorrupt: it is missing, its checksum differs or its address is another store's.
        """
        key = self._key_of(artifact)
        if key is None:
            raise ArtifactCorrupt(f"{artifact.uri} is not an artifact under {self.root}")
        copy = to.with_name(f".{to.name}.{secrets.token_hex(8)}.part")
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            if not with_retries(lambda: self._download(key, copy)):
                raise ArtifactCorrupt(f"{artifact.uri} is missing")
            found = Content.of(copy)
            if (found.size, found.sha256) != (artifact.size, artifact.sha256):
                raise ArtifactCorrupt(
                    f"{artifact.uri} has {found.size} bytes with sha256 {found.sha256}; recorded "
                    f"are {artifact.size} bytes with {artifact.sha256}"
                )
            copy.replace(to)
        except OSError as error:
            # Not the store but the disk of this worker, if that is full or read-only.
            raise environment_fault(error) or DependencyDown(
                "artifacts", f"cannot write {to}: {error}"
            ) from error
        finally:
            with suppress(OSError):
                copy.unlink()
        return to

    def read(self, request_id: str, name: str) -> bytes | None:
        """Return the content of a file without checking it, or None if there is none."""
        key = key_of(request_id, name)

        def download() -> bytes | None:
            into = io.BytesIO()
            return into.getvalue() if self._backend.read(key, into) else None

        return with_retries(download)

    def uri(self, request_id: str, name: str) -> str:
        """Return the permanent address of a file, which need not exist."""
        return self._backend.uri(key_of(request_id, name))

    def link(self, request_id: str, name: str, lifetime: timedelta) -> str | None:
        """Return a signed URL that opens a file for a while; None if the store is a folder."""
        key = key_of(request_id, name)
        return with_retries(lambda: self._backend.link(key, lifetime))

    def stat(self, request_id: str, name: str) -> Stored | None:
        """Return size and checksum of a file, or None if there is none."""
        return self._stat(key_of(request_id, name))

    def verify(self, artifact: Artifact) -> bool:
        """Return whether the store holds exactly this artifact (on disk, the file is hashed)."""
        key = self._key_of(artifact)
        if key is None:
            return False
        stored = self._stat(key)
        return stored is not None and _is(stored, artifact)

    def as_source(self, artifact: Artifact) -> StoredFile | None:
        """Return a stored artifact as the source of a copy; None if it is missing or differs."""
        key = self._key_of(artifact)
        stored = key and self._stat(key)
        return StoredFile(key, stored) if key and stored and _is(stored, artifact) else None

    def delete(self, request_id: str, name: str) -> bool:
        """Delete a file; return false if there was none."""
        key = key_of(request_id, name)
        return with_retries(lambda: self._backend.delete(key))

    def list(self, request_id: str) -> tuple[str, ...]:
        """Return the names of a request's files, sorted."""
        check_request_id(request_id)
        keys = with_retries(lambda: self._backend.keys(request_id))
        names = (key.removeprefix(f"{request_id}/") for key in keys)
        return tuple(name for name in names if is_name(name))

    def copy_all(self, request_id: str, to: Path) -> int:
        """Copy all files of a request, stored answers too, into a folder; return their number."""
        copied = 0
        for folder in folders_of(request_id):
            for key in with_retries(partial(self._backend.keys, folder)):
                target = to / key.removeprefix(f"{folder}/")
                if ".." not in target.parts:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    copied += with_retries(partial(self._download, key, target))
        return copied

    def count(self, request_id: str) -> int:
        """Return the number of all files of a request, stored answers too."""
        return sum(
            len(with_retries(partial(self._backend.keys, each))) for each in folders_of(request_id)
        )

    def erase(self, request_id: str) -> int:
        """Delete all files of a request, temporary ones too; return their number."""
        return sum(
            with_retries(partial(self._backend.erase, each)) for each in folders_of(request_id)
        )

    def sweep(self, older_than: timedelta) -> int:
        """Delete temporary files of interrupted writers.

        Args:
            older_than: minimum age; longer than any write takes.

        Returns:
            Number of deleted files.
        """
        return with_retries(lambda: self._backend.sweep(older_than))

    @property
    def _backend(self) -> Backend:
        return backend_of(self.root)

    def _stat(self, key: str) -> Stored | None:
        return with_retries(lambda: self._backend.stat(key))

    def _download(self, key: str, to: Path) -> bool:
        with to.open("wb") as file:
            return self._backend.read(key, file)

    def _key_of(self, artifact: Artifact) -> str | None:
        """Return the key of an artifact, or None if its address is not in this store."""
        base = self._backend.uri("")
        request_id, _, name = artifact.uri.removeprefix(base).lstrip("/").partition("/")
        try:
            key = key_of(request_id, name)
        except ValueError:
            return None
        return key if self._backend.uri(key) == artifact.uri else None


@cache
def backend_of(root: str) -> Backend:
    """Return this process's backend for the root of a store."""
    return CloudFolder(root) if root.startswith(SCHEME) else LocalFolder(root)


def _is(stored: Stored, artifact: Artifact) -> bool:
    return (stored.size, stored.sha256) == (artifact.size, artifact.sha256)
