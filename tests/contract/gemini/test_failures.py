"""Failures of Gemini have a domain and a remedy."""

from __future__ import annotations

import json

import pytest
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials

from tests.contract.fakes.lessons import REQUEST, answer
from tests.contract.fakes.vertex import (
    HANG,
    RESET,
    STALL,
    TRICKLE,
    Reply,
    VertexServer,
    body,
    failure,
    page,
    prompt_blocked,
    stopped,
    text_reply,
)
from tests.contract.gemini.support import LONG, on_vertex
from transforms.errors import (
    CallRejected,
    ConfigurationFault,
    ModelRetired,
    StageTimeout,
    TransientError,
)
from transforms.script.engines.script_engine import Refused
from transforms.stage.direct_calls import DirectCalls


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (stopped("SAFETY", "HARM_CATEGORY_DANGEROUS_CONTENT"), "SAFETY.*DANGEROUS_CONTENT"),
        (stopped("PROHIBITED_CONTENT"), "PROHIBITED_CONTENT"),
        (stopped("SPII"), "SPII"),
        (stopped("BLOCKLIST"), "BLOCKLIST"),
        (stopped("MODEL_ARMOR"), "MODEL_ARMOR"),
        (prompt_blocked("SAFETY"), "refused.*SAFETY"),
        (prompt_blocked("JAILBREAK"), "refused.*JAILBREAK"),
        (prompt_blocked("PROHIBITED_CONTENT"), "refused.*PROHIBITED_CONTENT"),
        (text_reply(json.dumps(answer(None, "unsafe"))), "declined.*not safe"),
        (
            text_reply(json.dumps(answer(None, "not_a_topic"))),
            "declined.*nothing that can be taught",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:MODEL_ARMOR is not a valid FinishReason:UserWarning")
def test_refusal_is_permanent_with_reason(server: VertexServer, reply: Reply, expected: str):
    server.set_replies(reply)
    with pytest.raises(Refused, match=expected):
        on_vertex(server).write(REQUEST, calls=DirectCalls(LONG))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "expected", "retry_after"),
    [
        (failure(429, "RESOURCE_EXHAUSTED", Retry_After="7"), "429 RESOURCE_EXHAUSTED", 7.0),
        (failure(429, "RESOURCE_EXHAUSTED", retry_delay="17.5s"), "429", 17.5),
        (failure(429, "RESOURCE_EXHAUSTED"), "429", None),
        (failure(503, "UNAVAILABLE", Retry_After="2"), "503 UNAVAILABLE", 2.0),
        (failure(500, "INTERNAL"), "500 INTERNAL", None),
        (failure(504, "DEADLINE_EXCEEDED"), "504", None),
        (failure(408, "REQUEST_TIMEOUT"), "408", None),
        (page(502), "502", None),
        (page(503), "503", None),
        (page(200), "not the API's", None),
        (RESET, "cannot be reached", None),
        (body({"candidates": "none"}), "not the API's", None),
        (body({"candidates": [{"content": {"parts": {"text": 1}}}]}), "not the API's", None),
    ],
)
def test_service_failure_is_transient(
    server: VertexServer, reply: Reply, expected: str, retry_after: float | None
):
    server.set_replies(reply)
    with pytest.raises(TransientError, match=expected) as caught:
        on_vertex(server).write(REQUEST, calls=DirectCalls(LONG))
    assert caught.value.retry_after == retry_after
    answered = expected[:3].isdigit()
    assert (caught.value.code or "").startswith(expected if answered else ""), "for logs"
    assert len(server.requests) == 1


@pytest.mark.parametrize("value", [[], None, "text", [1, 2]])
def test_unexpected_json_is_transient(server: VertexServer, value: object):
    server.set_replies(body(value))
    with pytest.raises(TransientError):
        on_vertex(server).write(REQUEST, calls=DirectCalls(LONG))


SCHEMA = "specified schema produces a constraint that has too many states for serving."
UNKNOWN_FIELD = "Unknown name \"minItems\" at 'generation_config.response_schema'"
NO_LEVEL = "Thinking level is not supported for this model."


@pytest.mark.parametrize(
    ("reply", "kind", "expected"),
    [
        (failure(400, "INVALID_ARGUMENT", "invalid argument"), CallRejected, "400.*invalid"),
        (failure(400, "INVALID_ARGUMENT", "API_KEY_INVALID"), ConfigurationFault, "400.*API key"),
        (failure(401, "UNAUTHENTICATED"), ConfigurationFault, "401.*credentials"),
        (failure(403, "PERMISSION_DENIED"), ConfigurationFault, "403.*roles/aiplatform.user"),
        (failure(404, "NOT_FOUND"), ModelRetired, "404.*choose another --gemini-model"),
        (page(403), ConfigurationFault, "403.*billing"),
        (failure(400, "INVALID_ARGUMENT", f"The {SCHEMA}"), ConfigurationFault, "schema"),
        (failure(400, "INVALID_ARGUMENT", UNKNOWN_FIELD), ConfigurationFault, "schema"),
        (failure(400, "INVALID_ARGUMENT", NO_LEVEL), ConfigurationFault, "--gemini-thinking"),
        (failure(400, "FAILED_PRECONDITION", "enable billing"), ConfigurationFault, "billing"),
    ],
)
def test_client_error_has_domain_and_remedy(
    server: VertexServer, reply: Reply, kind: type[Exception], expected: str
):
    server.set_replies(reply)
    with pytest.raises(kind, match=expected):
        on_vertex(server).write(REQUEST, calls=DirectCalls(LONG))
    assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [HANG, STALL, TRICKLE], ids=["hang", "stall", "trickle"])
def test_timeout_ends_hanging_call(server: VertexServer, reply: Reply):
    server.set_replies(reply)
    with pytest.raises(StageTimeout, match=r"did not answer within 0\.[45]"):
        on_vertex(server).write(REQUEST, calls=DirectCalls(0.5))
    assert server.requests[0].headers["x-server-timeout"] == "1"


def test_no_time_left_sends_nothing(server: VertexServer):
    with pytest.raises(StageTimeout):
        on_vertex(server).write(REQUEST, calls=DirectCalls(0.0))
    assert server.requests == []


def test_failed_check_names_remedy(server: VertexServer):
    server.set_replies(failure(403, "PERMISSION_DENIED", "Vertex AI API has not been used"))
    with pytest.raises(ConfigurationFault, match="Vertex AI API has not been used"):
        on_vertex(server).check()


def test_unreachable_server_is_transient(server: VertexServer):
    with pytest.raises(TransientError, match="cannot be reached"):
        on_vertex(server, base_url="http://127.0.0.1:1").write(REQUEST, calls=DirectCalls(LONG))


class _Refused(Credentials):
    def refresh(self, request: object) -> None:
        raise RefreshError("invalid_grant: account disabled")


def test_invalid_credentials_are_configuration_fault(server: VertexServer):
    with pytest.raises(ConfigurationFault, match=r"no Google credentials.*invalid_grant"):
        on_vertex(server, credentials=_Refused(token=None)).write(REQUEST, calls=DirectCalls(LONG))
    assert server.requests == []
