"""Read the database URL from Secret Manager.

Command lines, template parameters and the graph of a Dataflow job hold only the secret's name, so
users who can see the job do not see the password. Each process reads the secret at its first
connection and needs the role Secret Manager Secret Accessor.
"""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import urlsplit

from transforms.errors import ConfigurationFault, DependencyDown
from transforms.ledger.url import parse

PATTERN = r"projects/[^/\s]+/secrets/[A-Za-z0-9_-]+(/versions/[A-Za-z0-9_-]+)?"
"""Name of a secret or of one of its versions; without a version, the latest is read."""

DEPENDENCY = "secret manager"

_TIMEOUT = 15.0  # seconds, retries included

_ENDPOINT = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"
"""Environment variable, also read by `gcloud`, that overrides the API's endpoint."""


def is_reference(url: str) -> bool:
    """Return whether `url` is the name of a secret."""
    return re.fullmatch(PATTERN, url) is not None


def read_secret(url: str) -> str:
    """Return `url`, or the URL in the secret that it names.

    Raises:
        DependencyDown: Secret Manager cannot be reached.
        ConfigurationFault: the secret is missing, forbidden or holds no URL; with the remedy.
    """
    if not is_reference(url):
        return url
    name = url if "/versions/" in url else f"{url}/versions/latest"
    secret = _read(name)
    try:
        parse(secret)
    except ValueError as error:
        raise ConfigurationFault(DEPENDENCY, f"{name}: {error}") from None
    return secret


def _read(name: str) -> str:
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError

    try:
        payload = (
            _client().access_secret_version(name=name, timeout=_TIMEOUT, retry=_retry()).payload
        )
    except (exceptions.PermissionDenied, exceptions.Unauthenticated) as error:
        remedy = "give this account the role Secret Manager Secret Accessor on it"
        raise ConfigurationFault(DEPENDENCY, f"{name}: {error.message}; {remedy}") from error
    except (exceptions.NotFound, exceptions.FailedPrecondition) as error:
        remedy = "name a version that exists and is enabled"
        raise ConfigurationFault(DEPENDENCY, f"{name}: {error.message}; {remedy}") from error
    except exceptions.GoogleAPIError as error:
        detail = getattr(error, "message", None) or str(error)
        raise DependencyDown(DEPENDENCY, f"{name}: {detail}") from error
    except GoogleAuthError as error:
        kind = DependencyDown if error.retryable else ConfigurationFault
        raise kind(DEPENDENCY, f"{name}: no credentials: {error}") from error
    if "data_crc32c" in payload and payload.data_crc32c != _checksum(payload.data):
        raise DependencyDown(DEPENDENCY, f"{name}: checksum does not match; try again")
    try:
        return payload.data.decode("utf-8").strip()
    except UnicodeDecodeError:  # the exception's text quotes the secret
        raise ConfigurationFault(DEPENDENCY, f"{name}: is not UTF-8 text") from None


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

    transient = retry.if_exception_type(exceptions.ServiceUnavailable, exceptions.ResourceExhausted)
    return retry.Retry(transient, initial=0.5, timeout=_TIMEOUT)


def _checksum(data: bytes) -> int:
    import google_crc32c

    return google_crc32c.value(data)
