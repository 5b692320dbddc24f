"""Deadlines of calls to Gemini, and translation of their errors to `transforms.errors`."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from typing import Any

import httpx
from google.auth.exceptions import GoogleAuthError, TransportError
from google.genai import errors
from pydantic import ValidationError

from transforms.errors import (
    CallRejected,
    ConfigurationFault,
    ContentError,
    EnvironmentFault,
    ModelRetired,
    Overloaded,
    StageTimeout,
    TransientError,
)

_REMEDIES = {
    400: "the request or the API key is not valid",
    401: "the credentials or the API key are not accepted",
    403: "enable billing and the API for the project, and grant the service account "
    "roles/aiplatform.user",
    404: "the location has no such model, or not any more: choose another --gemini-model or "
    "--gemini-location",
}
_SCHEMA_REMEDY = (
    "the model does not accept the schema or the settings that every request has: choose another "
    "--gemini-model or --gemini-thinking"
)

_CONFIGURATION = (401, 403)
_BAD_SET_UP = ("API_KEY_INVALID", "API_KEY_EXPIRED", "FAILED_PRECONDITION")
"""Reasons and status of 400 responses due to the set-up; the status is about billing or region.
"""

_SCHEMA = re.compile(
    r"response_?(?:json_?)?schema|specified schema|generation_?config|safety_?settings"
    r"|thinking[_ ]?(?:config|level|budget)",
    re.IGNORECASE,
)
"""Words of 400 responses about the part that all requests have in common."""


@contextmanager
def mapped_errors(model: str, timeout: float) -> Iterator[None]:
    """Translate exceptions of the client, raised in the block, to `transforms.errors`.

    Args:
        model: name of the model, for the message.
        timeout: time limit of the call in seconds, for the message.

    Raises:
        ModelRetired: 404.
        ConfigurationFault: 401, 403, a refused schema, or credentials that do not work.
        CallRejected: any other 4xx answer.
        TransientError: 408, 429, 5xx, a failed connection, or a malformed answer.
    """
    try:
        yield
    except errors.APIError as error:
        raise _from_status(model, error) from error
    except httpx.TimeoutException as error:
        raise StageTimeout(f"{model} did not answer within {timeout:.3g} s") from error
    except (httpx.HTTPError, TransportError) as error:
        raise TransientError(f"{model} cannot be reached: {type(error).__name__}") from error
    except GoogleAuthError as error:
        text = f"no Google credentials: {error}"
        if error.retryable:
            raise TransientError(f"{model}: {text}") from error
        raise ConfigurationFault(model, text) from error
    except (errors.UnknownApiResponseError, JSONDecodeError, ValidationError) as error:
        raise TransientError(f"{model} sent an answer that is not the API's") from error


def _from_status(model: str, error: errors.APIError) -> ContentError | EnvironmentFault:
    text = " ".join(str(error.message or "").split())[:300]
    answer = f"{error.code} {error.status or ''}".strip()
    is_schema = error.code == 400 and _SCHEMA.search(text)
    remedy = _SCHEMA_REMEDY if is_schema else _REMEDIES.get(error.code)
    explained = f"{answer}: {text}" + (f" ({remedy})" if remedy else "")
    if error.code == 404:
        return ModelRetired(model, explained)
    is_set_up = error.code == 400 and any(reason in str(error.details) for reason in _BAD_SET_UP)
    if error.code in _CONFIGURATION or is_schema or is_set_up:
        return ConfigurationFault(model, explained)
    converted: ContentError
    if error.code in (408, 429) or not 400 <= error.code < 500:
        kind = Overloaded if error.code in (429, 503) else TransientError
        converted = kind(f"{model} answered {explained}", _retry_after(error))
    else:
        converted = CallRejected(f"{model} answered {explained}")
    converted.code = answer
    return converted


def _retry_after(error: errors.APIError) -> float | None:
    """Return the seconds to wait before a retry, if the answer names them.

    Read from the Retry-After header (RFC 9110, section 10.2.3), else from the
    ``google.rpc.RetryInfo`` detail.
    """
    header = error.response.headers.get("Retry-After") if error.response is not None else None
    if header:
        return _seconds(header)
    body = error.details if isinstance(error.details, dict) else {}
    inner = body.get("error", body)
    details = inner.get("details") if isinstance(inner, dict) else None
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith(
            "/google.rpc.RetryInfo"
        ):
            return _seconds(str(detail.get("retryDelay", "")).removesuffix("s"))
    return None


def _seconds(value: str) -> float | None:
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return float(value)
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def event_hooks() -> dict[str, list[Any]]:
    """Return httpx hooks that limit the total time of a call.

    The timeout of httpx restarts with every byte, so a server that sends its answer slowly could
    block a thread for ever.
    """
    return {"request": [_set_deadline], "response": [_limit_stream]}


def _set_deadline(request: httpx.Request) -> None:
    timeout = request.extensions.get("timeout", {}).get("read")
    if timeout is not None:
        request.extensions["deadline"] = time.monotonic() + timeout


def _limit_stream(response: httpx.Response) -> None:
    deadline = response.request.extensions.get("deadline")
    if deadline is not None:
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _DeadlineStream(response.stream, response.request, deadline)


class _DeadlineStream(httpx.SyncByteStream):
    def __init__(
        self, stream: httpx.SyncByteStream, request: httpx.Request, deadline: float
    ) -> None:
        self._stream = stream
        self._request = request
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            if time.monotonic() > self._deadline:
                raise httpx.ReadTimeout("the answer took too long", request=self._request)
            yield chunk

    def close(self) -> None:
        self._stream.close()
