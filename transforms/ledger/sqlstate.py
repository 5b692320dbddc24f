"""Read the fields of Postgres' error responses from pg8000's exceptions."""

from __future__ import annotations

from collections.abc import Mapping


def server_fields(error: BaseException) -> Mapping[str, str]:
    """Return the fields of Postgres' error response; empty for other errors."""
    fields = error.args[0] if error.args else None
    return fields if isinstance(fields, dict) else {}


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of an error response; None for other errors."""
    return server_fields(error).get("C")
