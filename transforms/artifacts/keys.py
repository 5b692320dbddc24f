"""Keys of artifacts: the address of a request's file below the root of a store."""

from __future__ import annotations

import re
import uuid

_NAME = re.compile(r"[a-z][a-z0-9_.-]*(/[a-z][a-z0-9_.-]*)?")
_MAX_NAME = 200
"""Maximum length in characters; file systems allow 255 bytes, temporary names need the rest."""


def key_of(request_id: str, name: str) -> str:
    """Return the key of a file; raise `ValueError` if the request id or the name is malformed."""
    check_request_id(request_id)
    if not is_name(name):
        raise ValueError(
            f"{name!r} is not an artifact name: use lower-case letters, digits and _.- after a "
            f"letter, in at most one folder, {_MAX_NAME} characters at most"
        )
    return f"{request_id}/{name}"


def folders_of(request_id: str) -> tuple[str, str]:
    """Return the folders of a request: its artifacts, and the stored answers of its paid calls."""
    check_request_id(request_id)
    return request_id, f"parts/{request_id}"


def is_name(name: str) -> bool:
    """Return whether a text can name an artifact."""
    return len(name) <= _MAX_NAME and _NAME.fullmatch(name) is not None


def check_request_id(request_id: str) -> None:
    """Raise `ValueError` unless a request id is a canonical UUID."""
    try:
        canonical = str(uuid.UUID(request_id))
    except ValueError:
        canonical = ""
    if canonical != request_id or not canonical:
        raise ValueError(f"{request_id!r} is not a canonical UUID")
