"""Storage backend that keeps artifacts on Cloud Storage.

Google's client is used directly because Beam's `FileSystems` has no conditional uploads, takes
seconds to import, and does not tell a missing object from a refused or failing service.

An upload becomes visible whole or not at all, so there are no temporary objects. Interrupted upload
sessions are invisible and expire after a week.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, BinaryIO

from transforms.artifacts.backend import (
    SourceGone,
    Stored,
    StoredFile,
    StoreForbidden,
    StoreUnreachable,
    StoreUnusable,
    Write,
    opened,
)

SCHEME = "gs://"
_TIMEOUT = (5.0, 30.0)
"""Timeouts of connecting and of reading, in seconds."""

_CONNECTIONS = 64
"""Size of the connection pool; with the default of 10, more threads would keep reconnecting."""

_DIGEST = "sha256"
"""Metadata key of the SHA-256 digest, which is written together with the content."""

# The store retries; the client must not add a second layer of retries.
_CALL: dict[str, Any] = {"timeout": _TIMEOUT, "retry": None}


class CloudFolder:
    """Storage backend for ``gs://BUCKET/PREFIX``.

    Raises:
        ValueError: the root is not of that form.
    """

    def __init__(self, root: str) -> None:
        match = re.fullmatch(
            r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:/([^\x00-\x1f]*))?", root
        )
        if match is None:
            raise ValueError(f"{root!r} is not gs://BUCKET or gs://BUCKET/PREFIX")
        self._bucket_name = match[1]
        self._prefix = f"{match[2]}/" if match[2] else ""

    def uri(self, key: str) -> str:
        return f"{SCHEME}{self._bucket_name}/{self._prefix}{key}"

    def link(self, key: str, lifetime: timedelta) -> str | None:
        with self._translated():
            blob = self._blob(key)
            signed: str = blob.generate_signed_url(
                version="v4", expiration=lifetime, **_signer(blob.client._credentials)
            )
        return signed

    def write(self, writes: Sequence[Write]) -> list[bool]:
        stored: list[bool] = []
        for write in writes:
            stored.append(all(stored) and self._upload(write))
        return stored

    def _upload(self, write: Write) -> bool:
        from google.api_core.exceptions import PreconditionFailed

        source = write.content.source
        if isinstance(source, StoredFile):
            return self._copy(source, write)
        with self._translated(), opened(source) as file:
            blob = self._blob_of(write)
            try:
                blob.upload_from_file(
                    file,
                    size=write.content.size,
                    checksum="crc32c",
                    if_generation_match=write.over,
                    **_CALL,
                )
            except PreconditionFailed:
                return False
        return True

    def _copy(self, source: StoredFile, write: Write) -> bool:
        """Copy an object within the bucket, without a download."""
        from google.api_core.exceptions import NotFound, PreconditionFailed

        with self._translated():
            blob = self._blob_of(write)
            original = self._bucket().blob(
                self._prefix + source.key, generation=source.found.generation
            )
            token, over = None, write.over
            try:
                while True:  # a large object takes several calls
                    token, _, _ = blob.rewrite(
                        original, token=token, if_generation_match=over, **_CALL
                    )
                    if token is None:
                        return True
            except PreconditionFailed:
                return False
            except NotFound as error:
                raise SourceGone(f"{self.uri(source.key)} is gone") from error

    def stat(self, key: str) -> Stored | None:
        with self._translated():
            blob = self._bucket().get_blob(self._prefix + key, **_CALL)
        if blob is None:
            return None
        return Stored(blob.size, (blob.metadata or {}).get(_DIGEST, ""), blob.generation)

    def read(self, key: str, into: BinaryIO) -> bool:
        from google.api_core.exceptions import NotFound

        with self._translated():
            try:
                self._blob(key).download_to_file(into, checksum="crc32c", **_CALL)
            except NotFound:
                return False
        return True

    def delete(self, key: str) -> bool:
        from google.api_core.exceptions import NotFound

        with self._translated():
            try:
                self._blob(key).delete(**_CALL)
            except NotFound:
                return False
        return True

    def keys(self, folder: str, older_than: timedelta = timedelta()) -> tuple[str, ...]:
        prefix = f"{self._prefix}{folder}/"
        oldest = datetime.now(UTC) - older_than
        with self._translated():
            blobs = self._bucket().list_blobs(
                prefix=prefix, fields="items(name,timeCreated),nextPageToken", **_CALL
            )
            names = [blob.name for blob in blobs if not older_than or blob.time_created < oldest]
        return tuple(sorted(name.removeprefix(self._prefix) for name in names))

    def erase(self, folder: str) -> int:
        return sum(map(self.delete, self.keys(folder)))

    def sweep(self, older_than: timedelta) -> int:
        return 0

    def _bucket(self) -> Any:
        return _client(os.getpid(), os.environ.get("STORAGE_EMULATOR_HOST")).bucket(
            self._bucket_name
        )

    def _blob(self, key: str) -> Any:
        return self._bucket().blob(self._prefix + key)

    def _blob_of(self, write: Write) -> Any:
        blob = self._blob(write.key)
        blob.metadata = {_DIGEST: write.content.sha256}
        blob.content_type = write.content_type
        return blob

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import google.auth.exceptions
        import requests.exceptions
        from google.api_core.exceptions import (
            Forbidden,
            GoogleAPICallError,
            NotFound,
            Unauthorized,
        )
        from google.cloud.storage.exceptions import DataCorruption

        try:
            yield
        except NotFound as error:
            raise StoreForbidden(f"the bucket {self._bucket_name} does not exist") from error
        except (Forbidden, Unauthorized) as error:
            raise StoreForbidden(str(error)) from error
        except GoogleAPICallError as error:
            passing = error.code is None or error.code in {408, 429} or error.code >= 500
            raise (StoreUnreachable if passing else StoreUnusable)(str(error)) from error
        except (
            requests.exceptions.RequestException,
            google.auth.exceptions.TransportError,
            DataCorruption,
            ConnectionError,
            TimeoutError,
        ) as error:
            raise StoreUnreachable(f"{type(error).__name__}: {error}") from error
        except google.auth.exceptions.GoogleAuthError as error:
            raise StoreForbidden(f"no access to {SCHEME}{self._bucket_name}: {error}") from error


def _signer(credentials: Any) -> dict[str, str]:
    """Return the arguments for signing URLs with the account of the credentials.

    Credentials with a private key need none. Those of a virtual machine sign through IAM.

    Raises:
        StoreForbidden: they are no service account's.
    """
    from google.auth.credentials import Signing
    from google.auth.transport.requests import Request

    if isinstance(credentials, Signing):
        return {}
    email = getattr(credentials, "service_account_email", None)
    if not email:
        raise StoreForbidden(
            "only a service account can sign links to Cloud Storage (run `gcloud auth "
            "application-default login --impersonate-service-account=ACCOUNT`)"
        )
    credentials.refresh(Request())  # which also replaces the address `default` by the account's
    return {
        "service_account_email": credentials.service_account_email,
        "access_token": credentials.token,
    }


@cache
def _client(process: int, endpoint: str | None) -> Any:
    """Return this process's Cloud Storage client; it is never pickled or shared with a fork."""
    from google.cloud import storage
    from requests.adapters import HTTPAdapter

    # By default the client reads the bucket's metadata in the background, for tracing only. An
    # account that may only read and write objects is refused that.
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    client = storage.Client(project=None)  # objects need no project, so skip the look-up
    adapter = HTTPAdapter(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS)
    client._http.mount("https://", adapter)
    client._http.mount("http://", adapter)
    return client
