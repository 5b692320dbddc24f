"""The Gemini engine as an object: identity, pickling, threads and secrets."""

from __future__ import annotations

import logging
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.fakes.lessons import REQUEST
from tests.contract.fakes.vertex import VertexServer, failure
from tests.contract.gemini.support import LONG, on_vertex, with_key
from transforms.errors import ConfigurationFault
from transforms.script.engines.gemini.plugin import GeminiSettings
from transforms.stage.direct_calls import DirectCalls


def test_identity_changes_only_with_answer_settings(server: VertexServer):
    identity = on_vertex(server).identity
    assert identity == with_key(server).identity
    assert identity == on_vertex(server, project="another", location="global").identity
    shaped = {
        "model": "gemini-2.5-pro",
        "temperature": 0.1,
        "max_output_tokens": 9,
        "thinking": "high",
    }
    for name, value in shaped.items():
        assert on_vertex(server, **{name: value}).identity != identity


def test_pickled_engine_drops_its_client(server: VertexServer):
    engine = with_key(server)
    engine.write(REQUEST, calls=DirectCalls(LONG))
    copy = pickle.loads(pickle.dumps(engine))
    assert copy.identity == engine.identity
    assert copy.write(REQUEST, calls=DirectCalls(LONG)).script.topic == "photosynthesis"


def test_threads_share_one_client(server: VertexServer):
    engine = on_vertex(server)
    with ThreadPoolExecutor(8) as pool:
        written = list(
            pool.map(lambda _: engine.write(REQUEST, calls=DirectCalls(LONG)), range(32))
        )
    assert len({w.script for w in written}) == 1
    assert len(server.requests) == 32


def test_secrets_are_not_shown(server: VertexServer, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    engine = with_key(server, api_key="key-to-hide")
    server.set_replies(failure(403, "PERMISSION_DENIED"))
    with pytest.raises(ConfigurationFault) as caught:
        engine.write(REQUEST, calls=DirectCalls(LONG))
    shown = f"{caught.value!r} {caplog.text} {GeminiSettings(api_key='key-to-hide')!r}"
    assert "key-to-hide" not in shown
