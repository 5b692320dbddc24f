"""Parts: stored answers of paid calls, kept until the stage's result is finished.

They lie under ``parts/REQUEST_ID/NAME`` beside the folders of the requests. A name is the hash of
what was asked, so a part that is lost or damaged is only asked for again. Each part begins with the
SHA-256 digest of the rest.
"""

from __future__ import annotations

import hashlib
import io
import re
from datetime import timedelta
from functools import partial

from transforms.artifacts.backend import Content, Write
from transforms.artifacts.keys import check_request_id
from transforms.artifacts.retries import with_retries
from transforms.artifacts.store import ArtifactStore, backend_of
from transforms.errors import DependencyDown

FOLDER = "parts"

KEPT = timedelta(days=7)
"""Age from which parts are swept; the lifecycle rule of the bucket in deploy/terraform has it too.
A request that has not been finished by then asks for them again."""

_NAME = re.compile(r"[0-9a-f]{64}")
_DIGEST_BYTES = hashlib.sha256().digest_size
_MAX_OVERTAKEN = 10
"""Tries to store a part that other workers delete again and again."""


class Parts:
    """Stored answers of paid calls in an artifact store; the first writer of a name wins.

    Every method raises `DependencyDown` and `ConfigurationFault` as `ArtifactStore` does.

    Args:
        store: The store.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._backend = backend_of(store.root)

    def read(self, request_id: str, name: str) -> bytes | None:
        """Return the content of a part, or None; a damaged one is deleted.

        Args:
            request_id: The request.
            name: A hex SHA-256 digest.
        """
        key = _key(request_id, name)
        stored = with_retries(partial(self._download, key))
        if stored is None:
            return None
        digest, content = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() == digest:
            return content
        with_retries(partial(self._backend.delete, key))
        return None

    def put(self, request_id: str, name: str, content: bytes) -> bytes:
        """Store a part unless there is one of this name, and return what is stored."""
        framed = hashlib.sha256(content).digest() + content
        write = Write(_key(request_id, name), Content.of(framed), "application/octet-stream")
        for _ in range(_MAX_OVERTAKEN):
            [written] = with_retries(partial(self._backend.write, [write]))
            stored = content if written else self.read(request_id, name)
            if stored is not None:
                return stored
        raise DependencyDown("artifacts", f"{self._backend.uri(write.key)} keeps disappearing")

    def delete(self, request_id: str) -> int:
        """Delete the parts of a request; return their number."""
        check_request_id(request_id)
        return self._delete(f"{FOLDER}/{request_id}", timedelta())

    def sweep(self, older_than: timedelta = KEPT) -> int:
        """Delete the parts of all requests that are older; return their number."""
        return self._delete(FOLDER, older_than)

    def _delete(self, folder: str, older_than: timedelta) -> int:
        keys = with_retries(partial(self._backend.keys, folder, older_than))
        return sum(with_retries(partial(self._backend.delete, key)) for key in keys)

    def _download(self, key: str) -> bytes | None:
        into = io.BytesIO()
        return into.getvalue() if self._backend.read(key, into) else None


def _key(request_id: str, name: str) -> str:
    check_request_id(request_id)
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a hex SHA-256 digest")
    return f"{FOLDER}/{request_id}/{name}"
