"""Fake of Google Cloud Text-to-Speech v1 for Google's client, over gRPC or REST.

It validates requests as the service does, records them, and answers with real speech whose times
are known (`tests.contract.fakes.spoken`), or with prepared failures.
"""

from __future__ import annotations

import io
import json
import threading
import time
import wave
from collections import deque
from collections.abc import Callable, Iterator, Mapping
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

from tests.contract.fakes.speech_rules import Failure, check, content, pieces
from tests.contract.fakes.spoken import Pauses, Recording
from transforms.narration.engines.google.google_tts import GoogleVoice
from transforms.narration.engines.google.plugin import GoogleVoiceSettings
from transforms.narration.mastering import Samples

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


@dataclass
class FakeSpeech:
    """The requests received, and the answers to send.

    Attributes:
        endpoint: Host and port of the server.
        requests: Requests in order of arrival.
        deadlines: Seconds until the deadline of each request; None if the client set none.
        script: Answers to the next requests: a failure, raw audio, ``"hang"``, or None for speech.
        voices: Names of the available voices.
        released: Event that ends all hanging requests.
        pauses: Lengths of the pauses in speech.
        spoken: Speech of each answer.
        billed: Characters of all requests that were answered.
        quota: Number of requests in so many seconds; None for no limit.
        disturb: Called before each answer; may raise a failure.
    """

    endpoint: str = ""
    requests: list[tts.SynthesizeSpeechRequest] = field(default_factory=list)
    deadlines: list[float | None] = field(default_factory=list)
    script: deque[Failure | bytes | Literal["hang"] | None] = field(default_factory=deque)
    voices: list[str] = field(default_factory=lambda: ["en-US-Chirp3-HD-Kore"])
    released: threading.Event = field(default_factory=threading.Event)
    pauses: Pauses = field(default_factory=Pauses)
    spoken: list[Recording] = field(default_factory=list)
    billed: int = 0
    quota: tuple[int, float] | None = None
    disturb: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._admitted: deque[float] = deque()

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
        with self._lock:
            self.requests.append(request)
            self.deadlines.append(deadline)
            self._admit()
            scripted = self.script.popleft() if self.script else None
        if isinstance(scripted, Failure):
            raise scripted
        if scripted == "hang":
            self.released.wait(30)
        check(request)
        self.disturb()
        audio = self._speech(request) if scripted is None else scripted
        with self._lock:
            self.billed += len(content(request))
        return tts.SynthesizeSpeechResponse(audio_content=audio)

    def _admit(self) -> None:
        """Count a request against the quota."""
        if self.quota is None:
            return
        most, seconds = self.quota
        now = time.monotonic()
        while self._admitted and self._admitted[0] <= now - seconds:
            self._admitted.popleft()
        if len(self._admitted) >= most:
            raise Failure(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "Quota exceeded for quota metric 'Chirp3 Requests' and limit 'Chirp3 Requests per "
                "minute' of service 'texttospeech.googleapis.com'.",
            )
        self._admitted.append(now)

    def _speech(self, request: tts.SynthesizeSpeechRequest) -> bytes:
        recording = Recording(
            tuple(pieces(request)),
            english=request.voice.language_code.startswith("en"),
            asked=not request.input.text,
            pauses=self.pauses,
            rate=request.audio_config.speaking_rate or 1.0,
        )
        with self._lock:
            self.spoken.append(recording)
        return wav(recording.samples, request.audio_config.sample_rate_hertz)

    def sounds(self, text: str) -> Iterator[Samples]:
        """Yield the speech for a text in each answer that has it."""
        for recording in self.spoken:
            if text in recording.texts:
                yield from recording.sounds(text)


def wav(samples: Any, rate: int, channels: int = 1) -> bytes:
    """Return a WAV file of 16-bit PCM."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, 2, rate, 0, "NONE", ""))
        writer.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def connected(fake: FakeSpeech, transport: Literal["grpc", "rest"], **settings: Any) -> GoogleVoice:
    """Return an engine with a client of a fake server."""
    return GoogleVoice(
        GoogleVoiceSettings(endpoint=fake.endpoint, transport=transport, insecure=True, **settings)
    )


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
