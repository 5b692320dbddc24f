"""The retry delay is read from each form in which the service gives it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from google.genai import errors

from transforms.errors import (
    ConfigurationFault,
    PermanentError,
    StageTimeout,
    TransientError,
)
from transforms.script.engines.gemini.gemini_transport import mapped_errors

FAULTS = (ConfigurationFault, PermanentError, TransientError)


def raised(error: Exception) -> Exception:
    with pytest.raises(FAULTS) as caught, mapped_errors("gemini", 30):
        raise error
    return caught.value


def throttled(details: object, **headers: str) -> TransientError:
    response = httpx.Response(429, headers={k.replace("_", "-"): v for k, v in headers.items()})
    error = raised(errors.ClientError(429, details, response))
    assert isinstance(error, TransientError)
    return error


def retry_info(delay: str) -> dict:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    return {"error": {"code": 429, "details": ["nonsense", {"@type": "x/Other"}, info]}}


@pytest.mark.parametrize(
    ("details", "headers", "seconds"),
    [
        ({}, {"Retry_After": "7"}, 7.0),
        ({}, {"Retry_After": "0"}, 0.0),
        (retry_info("17s"), {}, 17.0),
        (retry_info("17.25s"), {}, 17.25),
        (retry_info("17s"), {"Retry_After": "3"}, 3.0),
        (retry_info("soon"), {}, None),
        (retry_info("infs"), {}, None),
        ({}, {"Retry_After": "nan"}, None),
        ({}, {"Retry_After": "-5"}, None),
        ({}, {}, None),
        ([], {}, None),
        ({"error": "text"}, {}, None),
        ({"error": {"details": {"a": 1}}}, {}, None),
    ],
)
def test_retry_delay_is_read(details: object, headers: dict[str, str], seconds: float | None):
    assert throttled(details, **headers).retry_after == seconds


def test_retry_date_becomes_delay():
    then = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    wait = throttled({}, Retry_After=then).retry_after
    assert wait is not None
    assert 3000 < wait <= 3600
    assert throttled({}, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT").retry_after == 0.0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ReadTimeout("slow"), StageTimeout),
        (httpx.ConnectError("refused"), TransientError),
        (httpx.RemoteProtocolError("hung up"), TransientError),
        (TransportError("no route"), TransientError),
        (RefreshError("metadata server busy", retryable=True), TransientError),
        (RefreshError("account disabled"), ConfigurationFault),
        (DefaultCredentialsError("none found"), ConfigurationFault),
        (errors.UnknownApiResponseError("<html>"), TransientError),
    ],
)
def test_transport_and_credential_failures_are_mapped(error: Exception, kind: type[Exception]):
    assert type(raised(error)) is kind


def test_other_exceptions_are_not_mapped():
    with pytest.raises(ZeroDivisionError), mapped_errors("gemini", 30):
        raise ZeroDivisionError


def test_service_message_is_shortened():
    error = raised(errors.ClientError(400, {"error": {"message": "no\n" * 5_000}}))
    assert "\n" not in str(error)
    assert len(str(error)) < 500
