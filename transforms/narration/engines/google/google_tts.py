"""The voice engine for Google Cloud Text-to-Speech (API v1)."""

from __future__ import annotations

import io
import re
import threading
import unicodedata
import wave
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

import grpc
import numpy as np
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
from numpy.typing import NDArray

from transforms.errors import (
    CallRejected,
    ConfigurationFault,
    ContentError,
    EnvironmentFault,
    Overloaded,
    PermanentError,
    StageTimeout,
    TransientError,
)
from transforms.model import Usage
from transforms.narration.engines.google.google_voices import LOCALES, parse_name, tier, voice_for
from transforms.narration.engines.google.plugin import GoogleVoiceSettings
from transforms.narration.engines.voice_engine import Speech
from transforms.prices import price
from transforms.stage.paid_call import Answer, PaidCall, PaidCalls
from transforms.text.sentences import split_sentences

SAMPLE_RATE: Final = 24_000

LONGEST_REQUEST: Final = 5_000
"""UTF-8 bytes of text in one request (cloud.google.com/text-to-speech/quotas)."""

_CHECK_TIMEOUT: Final = 15.0  # seconds

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
_SERVICE: Final = "Google Text-to-Speech"
_REMEDIES: Final = (
    (
        (exceptions.Unauthorized, GoogleAuthError),
        "provide Google credentials: a service account or GOOGLE_APPLICATION_CREDENTIALS",
    ),
    (
        exceptions.Forbidden,
        "enable the Cloud Text-to-Speech API in the project and let the worker's service account "
        "use it (role Service Usage Consumer)",
    ),
    (exceptions.NotFound, "choose a voice and an endpoint that exist"),
    (exceptions.BadRequest, "check the voice, its speaking rate and pitch, and the text"),
)


class GoogleVoice:
    """Speaks with Google Cloud Text-to-Speech (the `VoiceEngine` port).

    `PaidCalls` retries its calls. The client is created when first needed and shared by all
    threads; a pickled engine drops it.

    Args:
        settings: the voice and the service.

    Raises:
        ValueError: the voice's tier has no price.
    """

    name = "google"
    sample_rate = SAMPLE_RATE

    def __init__(self, settings: GoogleVoiceSettings) -> None:
        self._settings = settings
        self.voice = settings.voice
        price([Usage(_sku(settings.voice), 0)])
        self._client: texttospeech.TextToSpeechClient | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[GoogleVoice], tuple[GoogleVoiceSettings]]:
        return type(self), (self._settings,)

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return everything that shapes the sound; the endpoint does not."""
        return {
            "engine": "google-text-to-speech-v1",
            "voice": self._settings.voice,
            "speaking_rate": self._settings.speaking_rate,
            "pitch": self._settings.pitch,
        }

    def check(self) -> str:
        """Verify that the configured voice exists; listing the voices costs nothing."""
        language = parse_name(self.voice)[0]
        try:
            listed = self._connected().list_voices(
                language_code=language, retry=None, timeout=_CHECK_TIMEOUT
            )
        except (exceptions.GoogleAPIError, GoogleAuthError, requests.RequestException) as error:
            raise _mapped(error, self.voice) from error
        names = sorted(voice.name for voice in listed.voices)
        if self.voice not in names:
            raise PermanentError(
                f"Google Text-to-Speech has no voice {self.voice}; for {language} it has "
                + (", ".join(names) or "none")
            )
        return f"{self.voice} exists"

    def check_language(self, language: str) -> None:
        """Raise `PermanentError` if Google has no voice for a BCP-47 language."""
        self._voice_for(language)

    def speak(self, sentence: str, *, language: str, calls: PaidCalls) -> Speech:
        """Speak one sentence; return no samples if nothing in it can be spoken.

        The text is sent as it is shown: Google's voices read numbers and symbols correctly.
        """
        voice = self._voice_for(language)
        parts: list[NDArray[np.float32]] = [np.zeros(0, np.float32)]
        for text in _requests(_plain(sentence)):
            inputs = {**self.identity, "spoken_by": voice, "text": text}
            call = PaidCall("speech", inputs, (Usage(_sku(voice), len(text)),))
            answer = calls.run(call, partial(self._synthesize, text, voice))
            parts.append(_samples(answer.data))
        return Speech(np.concatenate(parts))

    def _voice_for(self, language: str) -> str:
        voice = voice_for(language, self._settings.voice)
        if voice is None:
            raise PermanentError(
                f"Google Text-to-Speech has no voice for {language!r}; it speaks "
                + ", ".join(sorted(LOCALES))
            )
        return voice

    def _synthesize(self, text: str, voice: str, timeout: float) -> Answer:
        if timeout <= 0:
            raise StageTimeout(f"{_SERVICE} had no time left for {len(text)} characters")
        audio = texttospeech.AudioConfig(
            audio_encoding=texttospeech.AudioEncoding.LINEAR16, sample_rate_hertz=SAMPLE_RATE
        )
        # Some voices refuse these fields even at their neutral value.
        if self._settings.speaking_rate != 1.0:
            audio.speaking_rate = self._settings.speaking_rate
        if self._settings.pitch and voice == self._settings.voice:
            audio.pitch = self._settings.pitch
        try:
            response = self._connected().synthesize_speech(
                input=texttospeech.SynthesisInput(text=text),
                voice=texttospeech.VoiceSelectionParams(
                    language_code=parse_name(voice)[0], name=voice
                ),
                audio_config=audio,
                retry=None,
                timeout=timeout,
            )
        except (exceptions.GoogleAPIError, GoogleAuthError, requests.RequestException) as error:
            raise _mapped(error, voice) from error
        _samples(response.audio_content)  # other answers are asked for again
        return Answer(response.audio_content, (Usage(_sku(voice), len(text)),))

    def _connected(self) -> texttospeech.TextToSpeechClient:
        with self._lock:
            if self._client is None:
                self._client = _connect(self._settings)
            return self._client


def _connect(settings: GoogleVoiceSettings) -> texttospeech.TextToSpeechClient:
    if settings.insecure and settings.transport == "grpc":
        # As Google's own channels: minutes of audio are more than the 4 MB allowed by default.
        channel = grpc.insecure_channel(
            settings.endpoint, options=[("grpc.max_receive_message_length", -1)]
        )
        return texttospeech.TextToSpeechClient(transport=TextToSpeechGrpcTransport(channel=channel))
    if settings.insecure:
        return texttospeech.TextToSpeechClient(
            transport=TextToSpeechRestTransport(
                host=settings.endpoint, credentials=AnonymousCredentials(), url_scheme="http"
            )
        )
    return texttospeech.TextToSpeechClient(
        credentials=settings.credentials,
        transport=settings.transport,
        client_options={"api_endpoint": settings.endpoint} if settings.endpoint else None,
    )


def _sku(voice: str) -> str:
    return f"text-to-speech/{tier(voice)}/characters"


def _plain(sentence: str) -> str:
    """Remove control characters; return an empty text if nothing can be spoken."""
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in sentence)
    # Letters, digits, mathematical and currency signs are spoken; emoji and punctuation are not.
    speakable = any(c.isalnum() or unicodedata.category(c) in ("Sm", "Sc") for c in text)
    return " ".join(text.split()) if speakable else ""


def _requests(text: str) -> Iterator[str]:
    """Split a text into requests, between sentences if possible, never inside a character."""
    # At most four bytes a character.
    pending = ""
    for piece in split_sentences(text, LONGEST_REQUEST // 4):
        joined = f"{pending} {piece}" if pending else piece
        if len(joined.encode()) > LONGEST_REQUEST:
            yield pending
            joined = piece
        pending = joined
    if pending:
        yield pending


def _samples(audio: bytes) -> NDArray[np.float32]:
    try:
        with wave.open(io.BytesIO(audio)) as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise TransientError(
            f"Google Text-to-Speech answered with no WAV audio: {error}"
        ) from error
    if form != (1, 2, SAMPLE_RATE):
        raise PermanentError(
            "Google Text-to-Speech answered with (channels, bytes, rate) "
            f"{form} instead of (1, 2, {SAMPLE_RATE}): use another voice"
        )
    whole = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
    return whole.astype(np.float32) * np.float32(1 / 32768)


def _mapped(error: Exception, voice: str) -> ContentError | EnvironmentFault:
    said = getattr(error, "message", None) or str(error)
    remedy = next((remedy for kinds, remedy in _REMEDIES if isinstance(error, kinds)), "")
    text = f"{said}; {remedy}" if remedy else said
    failed: ContentError
    if isinstance(error, _TRANSIENT):
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
