"""Reading database URLs as people write them, and never showing their password."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import URL

DRIVER = "postgresql+pg8000"
EXAMPLE = "postgresql://user:password@host:5432/database"

_PARAMETERS = ("application_name", "host", "instance", "ip_type", "sslmode", "sslrootcert")

INSTANCE_PATTERN = r"[a-z0-9.:-]+:[a-z0-9-]+:[a-z0-9-]+"
"""The connection name of a Cloud SQL instance, ``PROJECT:REGION:INSTANCE``."""

IP_TYPES = ("public", "private", "psc")
"""Which of a Cloud SQL instance's addresses is used; psc is Private Service Connect."""


def parse(url: str) -> tuple[URL, dict[str, Any]]:
    """A URL for pg8000, whatever Postgres driver the given one names.

    Args:
        url: such as `EXAMPLE`. As in libpq, `?host=/folder` is a Unix socket's folder, and
            `?sslmode=` is one of disable, allow, prefer, require, verify-ca, verify-full.
            `?instance=PROJECT:REGION:INSTANCE` connects through the Cloud SQL connector, to the
            address that `&ip_type=` names; without a password by IAM.

    Returns:
        The URL without parameters, and the arguments for `pg8000.connect` they stand for.

    Raises:
        ValueError: it is not the URL of a Postgres database; says what would be right.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        made = make_url(url)
    except (ArgumentError, ValueError):  # their text may quote the password
        raise ValueError(f"the database URL cannot be read; it must look like {EXAMPLE}") from None
    if made.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise ValueError(f"{made.drivername} is not Postgres; the URL must look like {EXAMPLE}")
    if not made.username:
        raise ValueError(f"the database URL names no user; it must look like {EXAMPLE}")
    given = {k: v if isinstance(v, str) else v[-1] for k, v in made.query.items()}
    unknown = sorted(given.keys() - set(_PARAMETERS))
    if unknown:
        raise ValueError(
            f"the database URL has the unknown parameter {unknown[0]!r}; "
            f"known ones are {', '.join(_PARAMETERS)}"
        )
    arguments: dict[str, Any] = {"application_name": given.get("application_name", "vividly")}
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
    """The URL as it may be shown: with *** for its password, without parameters."""
    try:
        return parse(url)[0].render_as_string(hide_password=True)
    except ValueError:
        return "(unreadable database URL)"


def _cloud_sql(given: dict[str, str], host: str | None) -> dict[str, Any]:
    if not re.fullmatch(INSTANCE_PATTERN, given["instance"]):
        raise ValueError(f"instance={given['instance']} must be PROJECT:REGION:INSTANCE")
    if host or given.keys() & {"host", "sslmode", "sslrootcert"}:
        raise ValueError(
            "a URL that names a Cloud SQL instance has neither host nor sslmode: "
            "postgresql://USER@/DATABASE?instance=PROJECT:REGION:INSTANCE"
        )
    ip_type = given.get("ip_type", IP_TYPES[0])
    if ip_type not in IP_TYPES:
        raise ValueError(f"ip_type={ip_type} is not known; it must be one of {', '.join(IP_TYPES)}")
    return {"instance": given["instance"], "ip_type": ip_type}


def _ssl(mode: str, root: str | None) -> ssl.SSLContext | bool | None:
    if mode == "disable":
        return False
    if mode in ("allow", "prefer"):
        return None  # pg8000: encrypted if the server can
    if mode == "require":
        return True  # pg8000: encrypted, whoever the server is
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
