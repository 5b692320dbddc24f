"""Connect to Cloud SQL with Google's connector, by instance name instead of address.

The connector gets the instance's address and a certificate that is valid for an hour from the Cloud
SQL Admin API, and connects by mutual TLS. Without a password in the URL it logs in as the process's
service account (IAM database authentication).
"""

from __future__ import annotations

import atexit
import os
from functools import cache
from typing import Any

import pg8000

_ENDPOINT = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL"
"""Environment variable, also read by `gcloud`, that overrides the Admin API's endpoint."""


def connect(timeout: float, arguments: dict[str, Any]) -> pg8000.Connection:
    """Open a connection to a Cloud SQL instance.

    Args:
        timeout: seconds for connecting; reads from the socket time out after twice as long.
        arguments: keyword arguments for `pg8000.connect`, `instance` and `ip_type`.

    Raises:
        pg8000.Error: the server refuses the login.
        OSError: the server cannot be reached, or this account may not connect; with the remedy.
    """
    named = dict(arguments)
    instance, ip_type = named.pop("instance"), named.pop("ip_type")
    connector = _connector(os.getpid(), os.environ.get(_ENDPOINT))
    try:
        return connector.connect(
            instance,
            "pg8000",
            enable_iam_auth="password" not in named,
            ip_type=ip_type,
            timeout=2 * timeout,
            **named,
        )
    except pg8000.Error:
        raise
    except Exception as error:  # noqa: BLE001  (the connector raises what its many libraries do)
        raise ConnectionError(f"Cloud SQL {instance}: {_detail(error)}") from None


@cache
def _connector(process: int, endpoint: str | None) -> Any:
    """Return this process's Cloud SQL connector; a forked child needs its own."""
    from google.cloud.sql.connector import Connector, RefreshStrategy

    # Lazy renews certificates on use: a background thread may get no CPU between two requests on
    # Cloud Run, and would keep running for unused connections.
    connector = Connector(refresh_strategy=RefreshStrategy.LAZY, sqladmin_api_endpoint=endpoint)
    atexit.register(connector.close)
    return connector


def _detail(error: Exception) -> str:
    """Describe an error in one line, without the address and headers of HTTP errors."""
    text = str(getattr(error, "message", None) or error) or type(error).__name__
    if getattr(error, "status", None) in (401, 403):
        return (
            f"{text}; this account needs the roles Cloud SQL Client and, to log in without a "
            "password, Cloud SQL Instance User"
        )
    return text
