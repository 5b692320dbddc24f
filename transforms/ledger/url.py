"""Parse database URLs for pg8000, and mask their password."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import URL

DRIVER = "postgresql+pg8000"
EXAMPLE = "postgresql://user:password@host:5432/database"

_PARAMETERS = (
    "application_name",
    "host",
    "instance",
    "ip_type",
    "pooler",
    "sslmode",
    "sslrootcert",
)

INSTANCE_PATTERN = r"[a-z0-9.:-]+:[a-z0-9-]+:[a-z0-9-]+"
"""Connection name of a Cloud SQL instance, ``PROJECT:REGION:INSTANCE``."""

IP_TYPES = ("public", "private", "psc")
"""Addresses of a Cloud SQL instance; psc is Private Service Connect."""

POOLERS = ("session", "transaction")
"""What a pooler in front of Postgres lends a connection for."""


def parse(url: str) -> tuple[URL, dict[str, Any]]:
    """Parse a Postgres URL into a URL for pg8000 and connection arguments.

    Args:
        url: such as `EXAMPLE`, with any Postgres driver in its scheme. As in libpq,
            `?host=/folder` is a Unix socket's folder, and `?sslmode=` is one of disable, allow,
            prefer, require, verify-ca, verify-full. `?instance=PROJECT:REGION:INSTANCE` connects
            through the Cloud SQL connector, to the address that `&ip_type=` names; without a
            password by IAM. `?pooler=` is one of `POOLERS`; without it, a pooler is detected.

    Returns:
        The URL without parameters, and keyword arguments for `pg8000.connect`, with `pooler`.

    Raises:
        ValueError: the URL does not name a Postgres database; with what is expected.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        made = make_url(url)
    except (ArgumentError, ValueError):  # the exception's text may quote the password
        raise ValueError(f"the database URL cannot be read; it must look like {EXAMPLE}") from None
    if made.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise ValueError(f"{made.drivername} is not Postgres; the URL must look like {EXAMPLE}")
    if not made.username:
        raise ValueError(f"the database URL names no user; it must look like {EXAMPLE}")
    if made.port is not None and not 0 < made.port < 65536:
        raise ValueError(f"the port of the database URL must be 1-65535; it looks like {EXAMPLE}")
    given = {k: v if isinstance(v, str) else v[-1] for k, v in made.query.items()}
    unknown = sorted(given.keys() - set(_PARAMETERS))
    if unknown:
        raise ValueError(
            f"the database URL has the unknown parameter {unknown[0]!r}; "
            f"known ones are {', '.join(_PARAMETERS)}"
        )
    arguments: dict[str, Any] = {"application_name": given.get("application_name", "vividly")}
    if "pooler" in given:
        arguments["pooler"] = _one_of("pooler", given["pooler"], POOLERS)
    if "instance" in given:
        arguments |= _cloud_sql(given, made.host)
        made = made.set(host=None, port=None)
    elif "ip_type" in given:
        raise ValueError("ip_type is for Cloud SQL: name the instance too, instance=…")
    elif "host" in given:
        arguments["unix_sock"] = f"{given['host']}/.s.PGSQL.{made.port or 5432}"
        made = made.set(host=None, port=None)
    if "sslmode" in given:
        arguments["ssl_context"] = _ssl(given["sslmode"], given.get("sslrootcert"))
    return made.set(drivername=DRIVER, query={}), arguments


def mask(url: str) -> str:
    """Return the URL with *** for its password and without parameters."""
    try:
        return parse(url)[0].render_as_string(hide_password=True)
    except ValueError:
        return "(unreadable database URL)"


def _cloud_sql(given: dict[str, str], host: str | None) -> dict[str, Any]:
    if not re.fullmatch(INSTANCE_PATTERN, given["instance"]):
        raise ValueError(f"instance={given['instance']} must be PROJECT:REGION:INSTANCE")
    if host or given.keys() & {"host", "pooler", "sslmode", "sslrootcert"}:
        raise ValueError(
            "a URL that names a Cloud SQL instance has neither host, pooler nor sslmode: "
            "postgresql://USER@/DATABASE?instance=PROJECT:REGION:INSTANCE"
        )
    ip_type = _one_of("ip_type", given.get("ip_type", IP_TYPES[0]), IP_TYPES)
    return {"instance": given["instance"], "ip_type": ip_type}


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"{name}={value} is not known; it must be one of {', '.join(known)}")
    return value


def _ssl(mode: str, root: str | None) -> ssl.SSLContext | bool | None:
    if mode == "disable":
        return False
    if mode in ("allow", "prefer"):
        return None  # pg8000: encrypted if the server supports it
    if mode == "require":
        return True  # pg8000: encrypted, certificate not verified
    if mode in ("verify-ca", "verify-full"):
        try:
            context = ssl.create_default_context(cafile=root)
        except OSError as error:
            raise ValueError(f"sslrootcert={root} cannot be read: {error.strerror}") from None
        context.check_hostname = mode == "verify-full"
        return context
    raise ValueError(
        f"sslmode={mode} is not known; it must be one of "
        "disable, allow, prefer, require, verify-ca, verify-full"
    )
