"""SharedResults stores results of stages for other requests with equal inputs.

A result lies under ``shared/STAGE/FINGERPRINT/``: its files, named by their SHA-256 digests, and
`RECORD`, which is written once and last. Anything missing or damaged is a miss, and the stage makes
the result again. A result is removed record first. Requests get copies of the files, never links,
which would share age and damage.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from pydantic import ValidationError

from transforms.artifacts.backend import Content, StoredFile, Write
from transforms.artifacts.retries import with_retries
from transforms.artifacts.store import ArtifactStore, backend_of
from transforms.model import StageRecord, decode, encode

FOLDER = "shared"
RECORD = "record.json"

KEPT = timedelta(days=30)
"""Age from which results are swept; the lifecycle rule of the bucket in deploy/terraform has it
too."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_STAGE = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Shared:
    """A shared result: its stage record, and its files as sources of copies.

    Attributes:
        record: Its record; the addresses of its artifacts are the shared ones.
        sources: Its files, by artifact name, as sources of copies.
    """

    record: StageRecord
    sources: Mapping[str, StoredFile]


class SharedResults:
    """Stores and finds shared results in an artifact store.

    Every method raises `DependencyDown` and `ConfigurationFault` as `ArtifactStore` does.

    Args:
        store: The store.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._backend = backend_of(store.root)

    def find(self, stage: str, fingerprint: str) -> Shared | None:
        """Return the shared result of a fingerprint if it is intact, else None.

        Args:
            stage: The stage.
            fingerprint: Hex digest of everything that shapes the result.
        """
        folder = _folder(stage, fingerprint)
        record = self._record(folder)
        if record is None:
            return None
        sources: dict[str, StoredFile] = {}
        for artifact in record.artifacts:
            key = f"{folder}/{artifact.sha256}"
            found = with_retries(partial(self._backend.stat, key))
            if not found or (found.size, found.sha256) != (artifact.size, artifact.sha256):
                self._delete(f"{folder}/{RECORD}")
                return None
            sources[artifact.name] = StoredFile(key, found)
        return Shared(record, sources)

    def put(self, record: StageRecord, fingerprint: str) -> bool:
        """Copy a stored result's artifacts to the shared ones, then write its record.

        Args:
            record: The record of a result that holds nothing of a student; its topic is set.
            fingerprint: As for `find`.

        Returns:
            False if a record exists, another writer was first, or an artifact has gone.

        Raises:
            SourceGone: An artifact has gone meanwhile.
            ValueError: The result is not to be shared.
        """
        if not record.topic:
            raise ValueError(f"the result of the {record.stage} stage is not to be shared")
        folder = _folder(record.stage, fingerprint)
        record_key = f"{folder}/{RECORD}"
        if with_retries(partial(self._backend.stat, record_key)):
            return False
        writes: dict[str, Write] = {}
        shared = []
        for artifact in record.artifacts:
            source = self._store.as_source(artifact)
            if source is None:
                return False
            key = f"{folder}/{artifact.sha256}"
            shared.append(replace(artifact, uri=self._backend.uri(key)))
            present = with_retries(partial(self._backend.stat, key))
            if present and present.sha256 == artifact.sha256:
                continue
            over = present.generation if present else 0
            writes[key] = Write(key, Content.of(source), artifact.content_type, over)
        content = encode(replace(record, artifacts=tuple(shared), shared=fingerprint))
        writes[record_key] = Write(record_key, Content.of(content), "application/json")
        written = with_retries(partial(self._backend.write, list(writes.values())))
        return all(written)

    def records(self) -> Iterator[StageRecord]:
        """Yield the records of all results, in the order of their keys."""
        for key in self._keys():
            folder, _, name = key.rpartition("/")
            record = self._record(folder) if name == RECORD else None
            if record:
                yield record

    def purge(self, topic: str) -> int:
        """Delete the results on a topic; return their number."""
        purged = 0
        for record in list(self.records()):
            if record.topic == topic:
                folder = _folder(record.stage, record.shared)
                self._delete_all(with_retries(partial(self._backend.keys, folder)))
                purged += 1
        return purged

    def sweep(self, older_than: timedelta = KEPT) -> int:
        """Delete files of results that are older; return their number."""
        return self._delete_all(self._keys(older_than))

    def _keys(self, older_than: timedelta = timedelta()) -> tuple[str, ...]:
        return with_retries(partial(self._backend.keys, FOLDER, older_than))

    def _delete_all(self, keys: tuple[str, ...]) -> int:
        """Delete files, records first, so that no record lacks a file for long."""
        ordered = sorted(keys, key=lambda key: not key.endswith(f"/{RECORD}"))
        return sum(map(self._delete, ordered))

    def _delete(self, key: str) -> bool:
        return with_retries(partial(self._backend.delete, key))

    def _record(self, folder: str) -> StageRecord | None:
        """Return the record in a folder; an unreadable one is deleted."""
        key = f"{folder}/{RECORD}"
        into = io.BytesIO()

        def read() -> bool:
            into.seek(0)
            into.truncate()
            return self._backend.read(key, into)

        if not with_retries(read):
            return None
        try:
            record = decode(StageRecord, into.getvalue())
            if f"{FOLDER}/{record.stage}/{record.shared}" == folder and record.topic:
                for artifact in record.artifacts:
                    _check(_DIGEST, artifact.sha256)
                return record
        except (ValidationError, ValueError):
            pass  # truncated, or written by another version
        self._delete(key)
        return None


def _folder(stage: str, fingerprint: str) -> str:
    _check(_STAGE, stage)
    _check(_DIGEST, fingerprint)
    return f"{FOLDER}/{stage}/{fingerprint}"


def _check(pattern: re.Pattern[str], text: str) -> None:
    if not pattern.fullmatch(text):
        raise ValueError(f"{text!r} is not of the form {pattern.pattern}")
