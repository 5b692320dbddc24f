"""Problem details (RFC 9457): the JSON of every error answer of the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import Response

RETRY_SECONDS = 1
"""Seconds after which a client may ask again for what is not there yet."""


def problem(
    status: int, detail: str, field: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error response in the format of RFC 9457.

    Args:
        status: HTTP status.
        detail: What is wrong and what is allowed.
        field: Field of the request that is wrong, if one is.
        headers: Further headers.
    """
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    if field:
        body["field"] = field
    return Response(
        json.dumps(body), status, headers, media_type="application/problem+json; charset=utf-8"
    )


def retry_later(status: int, detail: str, seconds: int = RETRY_SECONDS) -> Response:
    """Return an error response with the header `Retry-After`."""
    return problem(status, detail, headers={"retry-after": str(seconds)})
