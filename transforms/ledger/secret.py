"""A database URL that is kept in Secret Manager.

What travels, on command lines, as template parameter and in the graph of a Dataflow job, is the
secret's name. Each process reads the secret itself when it makes its first connection, so it needs
the role Secret Manager Secret Accessor, and nobody who can see the job sees the password.
"""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import urlsplit

from transforms.errors import DependencyDown
from transforms.ledger.url import parse

PATTERN = r"projects/[^/\s]+/secrets/[A-Za-z0-9_-]+(/versions/[A-Za-z0-9_-]+)?"
"""The name of a secret's version; the latest one when no version is given."""

DEPENDENCY = "secret manager"

_TIMEOUT = 15.0  # seconds, tries again included

_ENDPOINT = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"
"""Where the API is, when not at Google; the variable that `gcloud` reads too."""


def is_reference(url: str) -> bool:
    """Whether this is the name of a secret and not a URL."""
    return re.fullmatch(PATTERN, url) is not None


def read_secret(url: str) -> str:
    """The URL itself: as given, or what the secret of that name holds.

    Raises:
        DependencyDown: the secret cannot be read or holds no URL; says why and what would help.
    """
    if not is_reference(url):
        return url
    name = url if "/versions/" in url else f"{url}/versions/latest"
    found = _read(name)
    try:
        parse(found)
    except ValueError as error:
        raise DependencyDown(DEPENDENCY, f"{name}: {error}") from None
    return found


def _read(name: str) -> str:
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError

    try:
        payload = (
            _client().access_secret_version(name=name, timeout=_TIMEOUT, retry=_retry()).payload
        )
    except (exceptions.PermissionDenied, exceptions.Unauthenticated) as error:
        remedy = "give this account the role Secret Manager Secret Accessor on it"
        raise DependencyDown(DEPENDENCY, f"{name}: {error.message}; {remedy}") from error
    except (exceptions.NotFound, exceptions.FailedPrecondition) as error:
        remedy = "name a version that exists and is enabled"
        raise DependencyDown(DEPENDENCY, f"{name}: {error.message}; {remedy}") from error
    except exceptions.GoogleAPIError as error:
        detail = getattr(error, "message", None) or str(error)
        raise DependencyDown(DEPENDENCY, f"{name}: {detail}") from error
    except GoogleAuthError as error:
        raise DependencyDown(DEPENDENCY, f"{name}: no credentials: {error}") from error
    if "data_crc32c" in payload and payload.data_crc32c != _checksum(payload.data):
        raise DependencyDown(DEPENDENCY, f"{name}: was damaged on its way")
    try:
        return payload.data.decode("utf-8").strip()
    except UnicodeDecodeError:  # its text would quote the secret
        raise DependencyDown(DEPENDENCY, f"{name}: holds no text") from None


def _client() -> Any:
    from google.cloud import secretmanager

    endpoint = os.environ.get(_ENDPOINT)
    if not endpoint:
        return secretmanager.SecretManagerServiceClient()
    address = urlsplit(endpoint)
    rest = secretmanager.SecretManagerServiceClient.get_transport_class("rest")
    return secretmanager.SecretManagerServiceClient(
        transport=rest(host=address.netloc, url_scheme=address.scheme)
    )


def _retry() -> Any:
    from google.api_core import exceptions, retry

    passing = retry.if_exception_type(exceptions.ServiceUnavailable, exceptions.ResourceExhausted)
    return retry.Retry(passing, initial=0.5, timeout=_TIMEOUT)


def _checksum(data: bytes) -> int:
    import google_crc32c

    return google_crc32c.value(data)
