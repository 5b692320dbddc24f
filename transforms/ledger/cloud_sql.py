"""Connections to Cloud SQL by its connector: no address to know, no certificate to keep.

The connector asks the Cloud SQL Admin API for the instance's address and a certificate that is good
for an hour, and speaks TLS with both ends verified. Without a password in the URL it logs in as the
account this process runs as (IAM database authentication).
"""

from __future__ import annotations

import atexit
import os
from functools import cache
from typing import Any

import pg8000

_ENDPOINT = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL"
"""Where the Admin API is, when not at Google; the variable that `gcloud` reads too."""


def connect(timeout: float, arguments: dict[str, Any]) -> pg8000.Connection:
    """Open a connection.

    Args:
        timeout: seconds for connecting; twice as long, the server may keep silent after that.
        arguments: of `pg8000.connect`, and `instance` and `ip_type`.

    Raises:
        pg8000.Error: the server does not let us in.
        OSError: it cannot be reached, or this account may not connect; says what would help.
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
    """The one connector of a process; its threads do not survive a fork."""
    from google.cloud.sql.connector import Connector, RefreshStrategy

    # Lazy: a certificate is renewed when it is needed, since processors may be withheld between
    # two requests (Cloud Run), and no thread keeps running for a connection nobody wants.
    connector = Connector(refresh_strategy=RefreshStrategy.LAZY, sqladmin_api_endpoint=endpoint)
    atexit.register(connector.close)
    return connector


def _detail(error: Exception) -> str:
    """One line; the errors of HTTP calls carry addresses and headers besides."""
    said = str(getattr(error, "message", None) or error) or type(error).__name__
    if getattr(error, "status", None) in (401, 403):
        return (
            f"{said}; this account needs the roles Cloud SQL Client and, to log in without a "
            "password, Cloud SQL Instance User"
        )
    return said
