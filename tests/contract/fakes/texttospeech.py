"""Fake of Google Cloud Text-to-Speech v1 for Google's client, over gRPC or REST.

It validates requests as the service does, records them, and answers with sound whose length follows
the text, or with prepared failures.
"""

from __future__ import annotations

import io
import json
import threading
import wave
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import grpc
import numpy as np
from google.cloud import texttospeech as tts
from google.protobuf.any_pb2 import Any as AnyMessage  # type: ignore[import-untyped]
from google.protobuf.duration_pb2 import Duration  # type: ignore[import-untyped]
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from grpc_status import rpc_status  # type: ignore[import-untyped]

SECONDS_PER_CHARACTER = 0.06
LEADING_SILENCE = 0.2
TRAILING_SILENCE = 0.4

_HTTP = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


@dataclass(frozen=True)
class Failure(Exception):
    """An error answer, with a retry delay in seconds if given."""

    code: grpc.StatusCode
    message: str = "scripted failure"
    retry_after: float | None = None


@dataclass
class FakeSpeech:
    """The requests received, and the answers to send.

    Attributes:
        endpoint: Host and port of the server.
        requests: Requests in order of arrival.
        deadlines: Seconds until the deadline of each request; None if the client set none.
        script: Answers to the next requests: a failure, raw audio, or ``"hang"``.
        voices: Names of the available voices.
        released: Event that ends all hanging requests.
    """

    endpoint: str = ""
    requests: list[tts.SynthesizeSpeechRequest] = field(default_factory=list)
    deadlines: list[float | None] = field(default_factory=list)
    script: deque[Failure | bytes | Literal["hang"]] = field(default_factory=deque)
    voices: list[str] = field(default_factory=lambda: ["en-US-Chirp3-HD-Kore"])
    released: threading.Event = field(default_factory=threading.Event)

    def voices_of(self, language: str) -> tts.ListVoicesResponse:
        """Return the voices of a language.

        Raises:
            Failure: it is next in the script.
        """
        for scripted in list(self.script)[:1]:
            if isinstance(scripted, Failure):
                raise scripted
        names = [name for name in self.voices if name.startswith(language)]
        return tts.ListVoicesResponse(voices=[tts.Voice(name=name) for name in names])

    def answer(
        self, request: tts.SynthesizeSpeechRequest, deadline: float | None
    ) -> tts.SynthesizeSpeechResponse:
        """Record a request and return its answer.

        Raises:
            Failure: the request is invalid, or a failure is next in the script.
        """
        self.requests.append(request)
        self.deadlines.append(deadline)
        if self.script:
            scripted = self.script.popleft()
            if isinstance(scripted, Failure):
                raise scripted
            if isinstance(scripted, bytes):
                return tts.SynthesizeSpeechResponse(audio_content=scripted)
            self.released.wait(30)
        check(request)
        audio = speech(request.input.text, request.audio_config.sample_rate_hertz)
        return tts.SynthesizeSpeechResponse(audio_content=audio)


def check(request: tts.SynthesizeSpeechRequest) -> None:
    """Raise the service's error if a request is invalid."""
    text, voice, audio = request.input.text, request.voice, request.audio_config
    refused = grpc.StatusCode.INVALID_ARGUMENT
    if not text.strip():
        raise Failure(
            refused, "Either `input.text` or `input.ssml` is longer than the limit or empty"
        )
    if len(text.encode()) > 5000:
        raise Failure(
            refused, "Either `input.text` or `input.ssml` is longer than the limit of 5000"
        )
    if not voice.name.startswith(voice.language_code):
        raise Failure(refused, f"voice {voice.name} does not match {voice.language_code}")
    if audio.audio_encoding != tts.AudioEncoding.LINEAR16:
        raise Failure(refused, "only LINEAR16 here")
    if audio.pitch and "Chirp3" in voice.name:
        raise Failure(refused, "This voice does not support pitch parameters at this time.")


def speech(text: str, rate: int) -> bytes:
    """Return a WAV file with a speech-like sound: a buzz in syllables, between silences."""
    length = round(rate * SECONDS_PER_CHARACTER * max(4, len(text)))
    time = np.arange(rate) / rate
    buzz = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 12))
    second = 0.12 * buzz * (0.55 - 0.45 * np.cos(2 * np.pi * 4 * time))
    return wav(np.tile(second, length // rate + 1)[:length], rate)


def wav(samples: Any, rate: int, channels: int = 1) -> bytes:
    """Return a WAV file of 16-bit PCM with silence before and after the samples."""
    padded = np.concatenate(
        [np.zeros(round(rate * LEADING_SILENCE)), samples, np.zeros(round(rate * TRAILING_SILENCE))]
    )
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, 2, rate, 0, "NONE", ""))
        writer.writeframes((padded * 32767).astype("<i2").tobytes())
    return file.getvalue()


@contextmanager
def serve(transport: Literal["grpc", "rest"]) -> Iterator[FakeSpeech]:
    """Run the server on a free loopback port."""
    fake = FakeSpeech()
    with (_grpc_server if transport == "grpc" else _rest_server)(fake):
        try:
            yield fake
        finally:
            fake.released.set()


@contextmanager
def _grpc_server(fake: FakeSpeech) -> Iterator[None]:
    def synthesize(
        request: tts.SynthesizeSpeechRequest, context: grpc.ServicerContext
    ) -> tts.SynthesizeSpeechResponse:
        try:
            return fake.answer(request, context.time_remaining())
        except Failure as failure:
            context.abort_with_status(rpc_status.to_status(_status(failure)))
            raise

    def list_voices(
        request: tts.ListVoicesRequest, context: grpc.ServicerContext
    ) -> tts.ListVoicesResponse:
        try:
            return fake.voices_of(request.language_code)
        except Failure as failure:
            context.abort_with_status(rpc_status.to_status(_status(failure)))
            raise

    methods = {
        "SynthesizeSpeech": grpc.unary_unary_rpc_method_handler(
            synthesize,
            request_deserializer=tts.SynthesizeSpeechRequest.deserialize,
            response_serializer=tts.SynthesizeSpeechResponse.serialize,
        ),
        "ListVoices": grpc.unary_unary_rpc_method_handler(
            list_voices,
            request_deserializer=tts.ListVoicesRequest.deserialize,
            response_serializer=tts.ListVoicesResponse.serialize,
        ),
    }
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("google.cloud.texttospeech.v1.TextToSpeech", methods)]
    )
    fake.endpoint = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield
    finally:
        fake.released.set()
        server.stop(None).wait()


def _status(failure: Failure) -> Status:
    status = Status(code=failure.code.value[0], message=failure.message)
    if failure.retry_after is not None:
        delay = Duration()
        delay.FromMilliseconds(round(failure.retry_after * 1000))
        detail = AnyMessage()
        detail.Pack(RetryInfo(retry_delay=delay))
        status.details.append(detail)
    return status


@contextmanager
def _rest_server(fake: FakeSpeech) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            try:
                if address.path != "/v1/voices":
                    raise Failure(grpc.StatusCode.NOT_FOUND, f"no method {self.path}")
                language = parse_qs(address.query)["languageCode"][0]
                answer = tts.ListVoicesResponse.to_json(fake.voices_of(language))
                self._reply(200, json.loads(answer), {})
            except Failure as failure:
                self._refuse(failure)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            try:
                if not self.path.startswith("/v1/text:synthesize"):
                    raise Failure(grpc.StatusCode.NOT_FOUND, f"no method {self.path}")
                request = tts.SynthesizeSpeechRequest.from_json(body)
                answer = fake.answer(request, None)
                self._reply(200, json.loads(tts.SynthesizeSpeechResponse.to_json(answer)), {})
            except Failure as failure:
                self._refuse(failure)

        def _refuse(self, failure: Failure) -> None:
            status = _HTTP[failure.code]
            after = failure.retry_after
            error = {"code": status, "message": failure.message, "status": failure.code.name}
            headers = {} if after is None else {"Retry-After": str(round(after))}
            self._reply(status, {"error": error}, headers)

        def _reply(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
            data = json.dumps(body).encode()
            try:
                self.send_response(HTTPStatus(status))
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                pass  # the client has closed the connection

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.endpoint = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        fake.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
