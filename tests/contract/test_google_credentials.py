"""Google's real clients refresh a token once for all threads, and within the call's deadline."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.auth.exceptions import RefreshError, TransportError
from google.auth.transport.grpc import AuthMetadataPlugin
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from tests.contract.fakes import texttospeech
from tests.contract.fakes.lessons import REQUEST, answer, lesson
from tests.contract.fakes.tokens import TokenServer, token_server
from tests.contract.fakes.vertex import text_reply, vertex_server
from transforms import google_credentials
from transforms.errors import ConfigurationFault, TransientError
from transforms.google_credentials import SharedCredentials
from transforms.narration.engines.google.google_tts import GoogleVoice
from transforms.narration.engines.google.plugin import GoogleVoiceSettings
from transforms.script.engines.gemini.gemini_engine import GeminiScriptEngine
from transforms.script.engines.gemini.plugin import GeminiSettings
from transforms.stage.direct_calls import DirectCalls

THREADS = 12
LONG = 60.0
"""A timeout, in seconds, that no test reaches."""

Engine = Callable[[float], object]
"""Calls an engine within a number of seconds."""


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with token_server() as running:
        yield running


@pytest.fixture(params=["gemini", "speech"])
def call(
    request: pytest.FixtureRequest, tokens: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """An engine whose credentials have expired."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    if request.param == "gemini":
        with vertex_server() as vertex:
            vertex.set_replies(text_reply(json.dumps(answer(lesson()))))
            writer = GeminiScriptEngine(
                GeminiSettings(
                    project="my-project", base_url=vertex.url, credentials=tokens.credentials()
                )
            )
            yield lambda timeout: writer.write(REQUEST, calls=DirectCalls(timeout))
        return
    with texttospeech.serve("rest") as fake:
        voice = GoogleVoice(
            GoogleVoiceSettings(
                endpoint=fake.endpoint, transport="rest", insecure=True,
                credentials=tokens.credentials(),
            )
        )  # fmt: skip
        yield lambda timeout: voice.speak(
            [["Plants."]], language="en-US", calls=DirectCalls(timeout)
        )


def call_together(call: Engine, timeout: float = LONG) -> list[Any]:
    """Call on all threads at the same time; return the errors, or None for success."""
    with ThreadPoolExecutor(THREADS) as pool:
        calls = [pool.submit(call, timeout) for _ in range(THREADS)]
        return [each.exception() for each in calls]


def test_threads_refresh_token_once(call: Engine, tokens: TokenServer):
    assert call_together(call) == [None] * THREADS
    assert tokens.refreshes == 1


def test_failed_refresh_is_shared(
    call: Engine, tokens: TokenServer, monkeypatch: pytest.MonkeyPatch
):
    no_wait = SimpleNamespace(sleep=lambda seconds: None)
    monkeypatch.setattr("google.auth._exponential_backoff.time", no_wait)
    tokens.manner = "fail"
    errors = call_together(call)
    assert {type(error) for error in errors} == {TransientError}
    assert tokens.refreshes == 3  # the tries of google-auth for one refresh


def test_refused_grant_is_configuration_fault(call: Engine, tokens: TokenServer):
    tokens.manner = "refuse"
    errors = call_together(call)
    assert {type(error) for error in errors} == {ConfigurationFault}
    assert tokens.refreshes == 1
    assert "invalid_grant" in str(errors[0])


def test_hanging_refresh_ends_at_deadline(
    call: Engine, tokens: TokenServer, monkeypatch: pytest.MonkeyPatch
):
    """Without the deadline each thread would wait half a minute, one after the other."""
    monkeypatch.setattr(google_credentials, "REQUEST_TIMEOUT", 30.0)
    tokens.held.clear()
    started = time.monotonic()
    errors = call_together(call, timeout=0.2)
    assert time.monotonic() - started < google_credentials.LONGEST_REFRESH
    assert {type(error) for error in errors} == {TransientError}
    assert tokens.refreshes == 1
    tokens.held.set()
    assert call_together(call) == [None] * THREADS
    assert tokens.refreshes == 1


def test_refresh_that_hangs_is_given_up(tokens: TokenServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(google_credentials, "LONGEST_REFRESH", 0.1)
    monkeypatch.setattr(google_credentials, "ERROR_VALID", 0.0)
    credentials = SharedCredentials(tokens.credentials())
    tokens.held.clear()
    with pytest.raises(TransportError, match="did not answer in time"):
        credentials.refresh(None)
    tokens.held.set()
    assert credentials.ready(LONG) > 0
    assert credentials.token in ("token-1", "token-2")


def test_token_about_to_expire_is_used_meanwhile(tokens: TokenServer):
    """google-auth would wait for a new one from 225 s before the end on."""
    credentials = SharedCredentials(tokens.credentials(expires_in=100.0))
    tokens.held.clear()
    headers: dict[str, str] = {}
    credentials.before_request(None, "GET", "https://localhost", headers)
    assert headers["authorization"] == "Bearer old-token"
    assert tokens.asked.wait(30)
    tokens.held.set()
    deadline = time.monotonic() + 30
    while credentials.token == "old-token" and time.monotonic() < deadline:
        credentials.ready(LONG)
    credentials.before_request(Request(), "GET", "https://localhost", headers)
    assert headers["authorization"] == "Bearer token-1"
    assert tokens.refreshes == 1


def test_error_is_not_shared_for_long(tokens: TokenServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(google_credentials, "ERROR_VALID", 0.0)
    credentials = SharedCredentials(tokens.credentials())
    tokens.manner = "refuse"
    with pytest.raises(RefreshError):
        credentials.ready(LONG)
    tokens.manner = "answer"
    assert credentials.ready(LONG) > 0
    assert credentials.valid


def test_grpc_calls_refresh_token_once(tokens: TokenServer):
    """gRPC asks for the token on threads that know no deadline of the call."""
    shared = SharedCredentials(tokens.credentials())
    plugin = grpc.metadata_call_credentials(AuthMetadataPlugin(shared, Request()))
    local = grpc.LocalConnectionType.LOCAL_TCP
    seen: list[str] = []

    def echo(request: bytes, context: grpc.ServicerContext) -> bytes:
        seen.append(dict(context.invocation_metadata())["authorization"])
        return request

    with ThreadPoolExecutor(THREADS) as pool:
        server = grpc.server(pool)
        handler = {"Echo": grpc.unary_unary_rpc_method_handler(echo)}
        server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("test.Echo", handler)]
        )
        port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials(local))
        server.start()
        secure = grpc.composite_channel_credentials(grpc.local_channel_credentials(local), plugin)
        with grpc.secure_channel(f"127.0.0.1:{port}", secure) as channel:
            remote = channel.unary_unary("/test.Echo/Echo")
            assert call_together(lambda timeout: remote(b"", timeout=timeout)) == [None] * THREADS
        server.stop(None).wait()
    assert seen == ["Bearer token-1"] * THREADS
    assert tokens.refreshes == 1


def test_service_account_needs_no_token_endpoint(tokens: TokenServer, private_key: str):
    source = service_account.Credentials.from_service_account_info(
        {"client_email": "a@b.iam.gserviceaccount.com", "private_key": private_key,
         "token_uri": tokens.url}
    )  # fmt: skip
    credentials = SharedCredentials(source)
    assert credentials.ready(LONG) > 0
    assert credentials.token
    assert credentials.token.count(".") == 2  # a signed JWT
    assert tokens.refreshes == 0


@pytest.fixture(scope="module")
def private_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
