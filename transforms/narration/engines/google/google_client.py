"""Client of Google Cloud Text-to-Speech, with the translation of its errors."""

from __future__ import annotations

import re
from typing import Final

import grpc
import requests
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import texttospeech
from google.cloud.texttospeech_v1.services.text_to_speech.transports import (
    TextToSpeechGrpcTransport,
    TextToSpeechRestTransport,
)
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]

from transforms.errors import (
    CallRejected,
    ConfigurationFault,
    ContentError,
    EnvironmentFault,
    Overloaded,
    TransientError,
)
from transforms.google_credentials import SharedCredentials, default_credentials
from transforms.narration.engines.google.plugin import GoogleVoiceSettings

CLIENT_ERRORS: Final = (exceptions.GoogleAPIError, GoogleAuthError, requests.RequestException)
"""Errors that calls of the client raise."""

# By HTTP class, which the gRPC errors derive from: both transports raise one or the other.
_TRANSIENT: Final = (
    exceptions.TooManyRequests,
    exceptions.InternalServerError,
    exceptions.BadGateway,
    exceptions.ServiceUnavailable,
    exceptions.GatewayTimeout,
    exceptions.Unknown,
    exceptions.Conflict,
    exceptions.Cancelled,
    TransportError,
    requests.RequestException,
)
_OVERLOADED: Final = (exceptions.TooManyRequests, exceptions.ServiceUnavailable)
_CONFIGURATION: Final = (exceptions.Unauthorized, exceptions.Forbidden, GoogleAuthError)
# gRPC reports credentials that cannot be refreshed as an outage of the service, with the error code
# of RFC 6749 in the text.
_REFUSED_LOGIN: Final = re.compile(
    r"metadata from plugin failed.*?(?:invalid_(?:request|client|grant|scope)|unauthorized_client"
    r"|unsupported_grant_type|access_denied)",
    re.DOTALL,
)
_SERVICE: Final = "Google Text-to-Speech"
_REMEDIES: Final = (
    (
        (exceptions.Unauthorized, GoogleAuthError),
        "provide Google credentials: a service account or GOOGLE_APPLICATION_CREDENTIALS",
    ),
    (
        exceptions.Forbidden,
        "enable billing and the Cloud Text-to-Speech API in the project and let the worker's "
        "service account use it (role Service Usage Consumer)",
    ),
    (exceptions.NotFound, "choose a voice and an endpoint that exist"),
    (exceptions.BadRequest, "check the voice, its speaking rate and pitch, and the text"),
)


def connect(
    settings: GoogleVoiceSettings,
) -> tuple[texttospeech.TextToSpeechClient, SharedCredentials | None]:
    """Create a Text-to-Speech client; return it with its credentials, if any."""
    credentials = SharedCredentials(settings.credentials) if settings.credentials else None
    if settings.insecure:
        return _connect_insecure(settings, credentials), credentials
    credentials = credentials or default_credentials()[0]
    client = texttospeech.TextToSpeechClient(
        credentials=credentials,
        transport=settings.transport,
        client_options={"api_endpoint": settings.endpoint} if settings.endpoint else None,
    )
    return client, credentials


def _connect_insecure(
    settings: GoogleVoiceSettings, credentials: SharedCredentials | None
) -> texttospeech.TextToSpeechClient:
    if settings.transport == "grpc":
        # As Google's own channels: minutes of audio are more than the 4 MB allowed by default.
        channel = grpc.insecure_channel(
            settings.endpoint, options=[("grpc.max_receive_message_length", -1)]
        )
        return texttospeech.TextToSpeechClient(transport=TextToSpeechGrpcTransport(channel=channel))
    return texttospeech.TextToSpeechClient(
        transport=TextToSpeechRestTransport(
            host=settings.endpoint,
            credentials=credentials or AnonymousCredentials(),
            url_scheme="http",
        )
    )


def classify(error: Exception, voice: str) -> ContentError | EnvironmentFault:
    """Translate a client error to one of `transforms.errors`."""
    said = getattr(error, "message", None) or str(error)
    is_refused = isinstance(error, exceptions.ServiceUnavailable) and _REFUSED_LOGIN.search(said)
    cause = GoogleAuthError if is_refused else type(error)
    remedy = next((remedy for kinds, remedy in _REMEDIES if issubclass(cause, kinds)), "")
    text = f"{said}; {remedy}" if remedy else said
    if is_refused:
        return ConfigurationFault(_SERVICE, text)
    failed: ContentError
    if isinstance(error, _TRANSIENT) or getattr(error, "retryable", False):
        kind = Overloaded if isinstance(error, _OVERLOADED) else TransientError
        failed = kind(f"{_SERVICE} ({voice}): {said}", _retry_after(error))
    elif isinstance(error, _CONFIGURATION):
        return ConfigurationFault(_SERVICE, text)
    else:  # the voice follows from the request's language
        failed = CallRejected(f"{_SERVICE} ({voice}): {text}")
    failed.code = type(error).__name__
    return failed


def _retry_after(error: Exception) -> float | None:
    """Return the retry delay (seconds) from a gRPC detail, a JSON detail or an HTTP header."""
    for detail in getattr(error, "details", None) or ():
        if isinstance(detail, RetryInfo):
            return float(detail.retry_delay.ToTimedelta().total_seconds())
        if isinstance(detail, dict) and re.fullmatch(r"[\d.]+s", detail.get("retryDelay", "")):
            return float(detail["retryDelay"][:-1])
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    value = headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None
